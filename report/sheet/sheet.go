package sheet

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/gavel-rules/gavel/report"
)

//go:embed *.html *.css
var files embed.FS

// Sheet renders reports. It is safe for concurrent use.
type Sheet struct{ set *template.Template }

// New returns a Sheet. An error means that an embedded template is invalid.
func New() (*Sheet, error) {
	set, err := template.New("sheet").Funcs(template.FuncMap{
		"ahead": report.Ahead, "percent": report.Percent, "number": number,
		"ofBooked": func(n, booked int) string {
			if booked == 0 || n > booked {
				return ""
			}
			return report.Percent(float64(n)/float64(booked)) + " of the number booked"
		},
		"name": func(s string) string {
			if s == "" {
				return "(none)"
			}
			return clip(s)
		},
	}).ParseFS(files, "*.html")
	if err != nil {
		return nil, fmt.Errorf("report page: %w", err)
	}
	return &Sheet{set}, nil
}

// Style returns the style sheet for Part. It uses colours of the page around it:
// --ink, --soft, --line and --panel.
func Style() ([]byte, error) { return files.ReadFile("plot.css") }

// Page writes a self-contained page.
func (s *Sheet) Page(w io.Writer, r *report.Report) error {
	var styles [2]string
	for i, name := range []string{"page.css", "plot.css"} {
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		styles[i] = string(text)
	}
	return s.set.ExecuteTemplate(w, "page", struct {
		View  *view
		Style template.CSS
	}{newView(r), template.CSS(styles[0] + styles[1])}) //nolint:gosec // both are files of this package
}

// Part returns the plots and tables for use in another page.
func (s *Sheet) Part(r *report.Report) (template.HTML, error) {
	var b strings.Builder
	if err := s.set.ExecuteTemplate(&b, "part", newView(r)); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil //nolint:gosec // rendered by the template above
}

const longName = 80

func clip(s string) string {
	runes := []rune(s)
	if len(runes) <= longName {
		return s
	}
	return string(runes[:longName-1]) + "…"
}

// number formats 12345 as 12,345.
func number(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
