package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/rules/format"
	"github.com/gavel-rules/gavel/rules/text"
)

func newFmt() *cobra.Command {
	var write, check bool
	cmd := &cobra.Command{
		Use:   "fmt FILE-OR-DIR …",
		Short: "Format rules files",
		Long: `Prints rules files with their keys in the order of the reference, indents of two
spaces, double quotes and one empty line between rules. Comments and meaning stay.
With -w the files are written in place; with --check only the names of those that
are not in this form are printed, and the exit code is 1 if there are any. - is
the standard input.`,
		Example: `  gavel fmt rules.yaml
  gavel fmt -w rules/
  gavel fmt --check rules/`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usage.Errorf("give one or more rules files or directories, or - for the standard input")
			case write && check:
				return usage.Errorf("give --write or --check, not both")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			sources, findings, err := formatSources(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			return formatAll(cmd, sources, findings, write, check)
		},
	}
	cmd.Flags().BoolVarP(&write, "write", "w", false, "write the files in place")
	cmd.Flags().BoolVar(&check, "check", false, "only print the names of files that are not in canonical form")
	return cmd
}

const standardInput = usage.StandardInput

func formatSources(in io.Reader, args []string) ([]text.Source, text.Findings, error) {
	if len(args) != 1 || args[0] != standardInput {
		sources, findings := text.ReadSources(args...)
		return sources, findings, nil
	}
	content, err := usage.ReadInput(in, standardInput)
	if err != nil {
		return nil, nil, err
	}
	return []text.Source{{Name: standardInput, Content: content}}, nil, nil
}

func formatAll(cmd *cobra.Command, sources []text.Source, findings text.Findings, write, check bool) error {
	differ := false
	for _, s := range sources {
		text, problems := format.Format(s)
		findings = append(findings, problems...)
		if problems.HasErrors() {
			continue
		}
		same := bytes.Equal(text, s.Content)
		differ = differ || !same
		switch {
		case check && !same:
			fmt.Fprintln(cmd.OutOrStdout(), s.Name)
		case check:
		case write && s.Name != standardInput:
			if same {
				continue
			}
			if err := replaceFile(s.Name, text); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), s.Name)
		default:
			if _, err := cmd.OutOrStdout().Write(text); err != nil {
				return fmt.Errorf("print: %w", err)
			}
		}
	}
	if err := findings.Text(cmd.ErrOrStderr()); err != nil {
		return err
	}
	if findings.HasErrors() || check && differ {
		return usage.ErrFindings
	}
	return nil
}

// replaceFile replaces a file in one step, so that a Gavel that watches it
// never reads half of it.
func replaceFile(name string, content []byte) (err error) {
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return fmt.Errorf("write %q: %w", name, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("write %q: %w", name, err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".gavel-fmt-*")
	if err != nil {
		return fmt.Errorf("write %q: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %q: %w", name, err), os.Remove(temporary.Name()))
		}
	}()
	if _, err := temporary.Write(content); err != nil {
		return errors.Join(err, temporary.Close())
	}
	if err := errors.Join(temporary.Chmod(info.Mode().Perm()), temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
