package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shellLangs are the languages of blocks that people type or paste, and of
// files that hold a command line.
var shellLangs = []string{"sh", "console", "ini", "yaml", "dockerfile"}

// TestCommandsExist looks up every "gavel …" command line, in blocks and in
// the text.
func TestCommandsExist(t *testing.T) {
	t.Parallel()
	tree := commandTree(t)
	found := 0
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			if !slices.Contains(shellLangs, b.lang) {
				continue
			}
			if strings.Contains(b.text, "apiVersion:") {
				command := "serve"
				if m := regexp.MustCompile(`args: \[([a-z]+)`).FindStringSubmatch(b.text); m != nil {
					command = m[1]
				}
				checkCall(t, tree, d.path, b.line, append([]string{command}, regexp.MustCompile(`--[a-z-]+`).FindAllString(b.text, -1)...))
			}
			for i, line := range joinedLines(b.text) {
				for _, words := range gavelCalls(line) {
					found++
					checkCall(t, tree, d.path, b.line+i, words)
				}
			}
		}
		for _, span := range codeSpans(d) {
			if words := strings.Fields(span); len(words) > 1 && words[0] == "gavel" {
				found++
				checkCall(t, tree, d.path, 0, words[1:])
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d command lines were found; does the test still see them?", found)
	}
}

// joinedLines gives each line with those that it continues in.
func joinedLines(text string) []string {
	lines := strings.Split(text, "\n")
	for i := len(lines) - 2; i >= 0; i-- {
		if before, goesOn := strings.CutSuffix(strings.TrimRight(lines[i], " "), `\`); goesOn {
			lines[i], lines[i+1] = before+" "+strings.TrimSpace(lines[i+1]), ""
		}
	}
	return lines
}

var gavelCall = regexp.MustCompile(`(?:^|[ =(/])gavel(?: |$)`)

// gavelCalls returns the words behind each "gavel" of a line that begins a
// command.
func gavelCalls(line string) [][]string {
	line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
	if strings.HasPrefix(line, "#") {
		return nil
	}
	var calls [][]string
	for _, part := range regexp.MustCompile(`&&|\|\||[|;]`).Split(line, -1) {
		part, _, _ = strings.Cut(part, " #")
		at := gavelCall.FindStringIndex(part)
		if at == nil || strings.Contains(part[:at[0]], "docker build") {
			continue
		}
		words := strings.Fields(part[at[1]:])
		if len(words) > 0 && regexp.MustCompile(`^[a-z][a-z-]+$`).MatchString(words[0]) {
			calls = append(calls, words)
		}
	}
	return calls
}

// checkCall looks up the command that words begin with and its flags.
func checkCall(t *testing.T, tree map[string]command, path string, line int, words []string) {
	t.Helper()
	name, rest := "", words
	for len(rest) > 0 && slices.Contains(tree[name].commands, rest[0]) {
		name = strings.TrimSpace(name + " " + rest[0])
		rest = rest[1:]
	}
	c := tree[name]
	if name == "" || len(c.commands) > 0 && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		t.Errorf("%s:%d: gavel %s: there is no such command", path, line, strings.Join(words, " "))
		return
	}
	for _, word := range rest {
		flag, isFlag := strings.CutPrefix(word, "--")
		flag, _, _ = strings.Cut(flag, "=")
		flag = strings.Trim(flag, "`\"',.")
		if isFlag && !c.has(flag) {
			t.Errorf("%s:%d: gavel %s has no flag --%s", path, line, name, flag)
		}
	}
}

var codeSpan = regexp.MustCompile("`([^`\n]+)`")

// codeSpans returns what stands in backticks in the text.
func codeSpans(d document) []string {
	var out []string
	for _, m := range codeSpan.FindAllStringSubmatch(d.prose(), -1) {
		out = append(out, m[1])
	}
	return out
}

// TestFlagsAndVariablesExist looks up every flag and GAVEL_ variable that a
// document names.
func TestFlagsAndVariablesExist(t *testing.T) {
	t.Parallel()
	flags := map[string]bool{"help": true}
	variables := map[string]bool{}
	for _, c := range commandTree(t) {
		for _, f := range c.flags {
			flags[f.name], variables[f.twin()] = true, true
		}
	}
	scripts := scriptTexts(t)
	for _, d := range documents(t) {
		for _, span := range codeSpans(d) {
			name, isFlag := strings.CutPrefix(span, "--")
			name, _, _ = strings.Cut(name, " ")
			name, _, _ = strings.Cut(name, "=")
			if isFlag && !flags[name] && !strings.Contains(scripts, "--"+name) {
				t.Errorf("%s: there is no flag --%s", d.path, name)
			}
		}
		for _, v := range regexp.MustCompile(`\bGAVEL_[A-Z_]+\b`).FindAllString(d.text, -1) {
			if !variables[v] && !strings.Contains(scripts, v) {
				t.Errorf("%s: no flag has the environment variable %s", d.path, v)
			}
		}
	}
}

// scriptTexts are all scripts in one text.
func scriptTexts(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "scripts/*"))
	if err != nil {
		t.Fatal(err)
	}
	libraries, err := filepath.Glob(filepath.Join(root, "scripts/lib/*.sh"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, path := range append(files, libraries...) {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(content)
	}
	return all.String()
}

// TestTargetsAndScriptsExist looks up "make …" and "scripts/…".
func TestTargetsAndScriptsExist(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(string(makefile), -1) {
		targets[m[1]] = true
	}
	for _, d := range documents(t) {
		words := codeSpans(d)
		for _, b := range d.blocks {
			if b.lang == "sh" || b.lang == "console" {
				words = append(words, strings.Split(b.text, "\n")...)
			}
		}
		for _, w := range words {
			w = strings.TrimPrefix(strings.TrimSpace(w), "$ ")
			if m := regexp.MustCompile(`^make ([a-z-]+)`).FindStringSubmatch(w); m != nil && !targets[m[1]] {
				t.Errorf("%s: there is no make target %s", d.path, m[1])
			}
			if m := regexp.MustCompile(`^(scripts/[\w/.-]+)`).FindStringSubmatch(w); m != nil {
				if info, err := os.Stat(filepath.Join(root, m[1])); err != nil || info.Mode()&0o111 == 0 {
					t.Errorf("%s: %s is not a script that can be run", d.path, m[1])
				}
			}
		}
	}
}
