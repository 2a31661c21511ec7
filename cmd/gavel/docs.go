package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/cmd/gavel/version"
	"github.com/gavel-rules/gavel/console/theme"
	"github.com/gavel-rules/gavel/docs"
	"github.com/gavel-rules/gavel/docs/site"
)

func newDocs() *cobra.Command {
	var output, from string
	cmd := &cobra.Command{
		Use:   "docs --output DIR",
		Short: "Write the documentation of this version as a static site",
		Long: `Writes the documentation of this version as HTML files that can be read from the
disk or served by any web server, below any path. "gavel serve" shows the same
at /docs/ of the console.`,
		Example: "  gavel docs --output gavel-docs",
		Args:    usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output == "" {
				return usage.Errorf("a folder to write to is required: --output DIR")
			}
			var files fs.FS = docs.Files
			if from != "" {
				if _, err := os.Stat(from); err != nil {
					return fmt.Errorf("read the documents: %w", err)
				}
				files = os.DirFS(from)
			}
			pages, err := writeDocs(files, output)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %d pages; begin with %s\n", pages, filepath.Join(output, site.Start))
			return nil
		},
	}
	cmd.Flags().StringVar(&output, "output", "", "folder to write to; files of the same name are replaced")
	cmd.Flags().StringVar(&from, "from", "", "folder with documents to use instead, such as docs of the source, with its pictures")
	return cmd
}

// writeDocs returns how many pages it has written.
func writeDocs(files fs.FS, output string) (int, error) {
	s, err := site.New(files, version.Released())
	if err != nil {
		return 0, err
	}
	assets, err := theme.LoadAssets()
	if err != nil {
		return 0, err
	}
	return len(s.Pages()), s.Write(output, site.Look{Style: assets.Content("console.css"), Icon: assets.Content("icon.svg")})
}
