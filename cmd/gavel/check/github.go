package check

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/gavel-rules/gavel/rules/text"
)

// printAnnotations prints findings as workflow commands of GitHub Actions.
func printAnnotations(w io.Writer, findings text.Findings) error {
	for _, f := range findings {
		level := "error"
		if f.Severity == text.SeverityWarning {
			level = "warning"
		}
		properties := []string{"file=" + annotationValue(filepath.ToSlash(f.Pos.File))}
		if f.Pos.Line > 0 {
			properties = append(properties, fmt.Sprintf("line=%d", f.Pos.Line))
		}
		if f.Pos.Column > 0 {
			properties = append(properties, fmt.Sprintf("col=%d", f.Pos.Column))
		}
		if f.EndColumn > 0 {
			properties = append(properties, fmt.Sprintf("endColumn=%d", f.EndColumn-1)) // the last one, there
		}
		if f.Rule != "" {
			properties = append(properties, "title="+annotationValue("rule "+f.Rule))
		}
		if _, err := fmt.Fprintf(w, "::%s %s::%s\n", level, strings.Join(properties, ","), annotationText(messageOf(f))); err != nil {
			return fmt.Errorf("print findings: %w", err)
		}
	}
	return nil
}

// messageOf returns the problem and the hint, without the place.
func messageOf(f text.Finding) string {
	if f.Hint == "" {
		return f.Message
	}
	return f.Message + "; " + f.Hint
}

func annotationText(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func annotationValue(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(annotationText(s))
}
