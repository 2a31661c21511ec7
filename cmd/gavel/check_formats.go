package main

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/gavel-rules/gavel/rules"
)

// printAnnotations prints findings as workflow commands of GitHub Actions.
func printAnnotations(w io.Writer, findings rules.Findings) error {
	for _, f := range findings {
		level := "error"
		if f.Severity == rules.SeverityWarning {
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

// messageOf is what is wrong and what to do, without the place.
func messageOf(f rules.Finding) string {
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

// The parts of a SARIF 2.1.0 log that findings need.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string       `json:"id"`
		Short sarifMessage `json:"shortDescription"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int           `json:"startLine"`
		StartColumn int           `json:"startColumn,omitempty"`
		EndColumn   int           `json:"endColumn,omitempty"`
		Snippet     *sarifMessage `json:"snippet,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
)

// sarifRuleID is the one kind of result that check has.
const sarifRuleID = "rules-file"

func sarifOf(findings rules.Findings) sarifLog {
	results := make([]sarifResult, 0, len(findings))
	for _, f := range findings {
		results = append(results, sarifResult{
			RuleID: sarifRuleID, Level: string(f.Severity), Message: sarifMessage{messageOf(f)},
			Locations: []sarifLocation{sarifPlace(f)},
		})
	}
	return sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{
			Tool: sarifTool{sarifDriver{
				Name: "gavel", Version: version,
				Rules: []sarifRule{{ID: sarifRuleID, Short: sarifMessage{"A mistake in a rules file"}}},
			}},
			ColumnKind: "unicodeCodePoints",
			Results:    results,
		}},
	}
}

func sarifPlace(f rules.Finding) sarifLocation {
	place := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{fileURI(f.Pos.File)}}}
	if f.Pos.Line > 0 {
		place.Physical.Region = &sarifRegion{StartLine: f.Pos.Line, StartColumn: f.Pos.Column, EndColumn: f.EndColumn}
		if f.Source != "" {
			place.Physical.Region.Snippet = &sarifMessage{f.Source}
		}
	}
	if f.Rule != "" {
		place.Logical = []sarifLogical{{Name: f.Rule, Kind: "rule"}}
	}
	return place
}

// fileURI is relative for a relative path, so that a scanner finds the file in
// its own checkout.
func fileURI(path string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return u.String()
}
