package check

import (
	"net/url"
	"path/filepath"

	"github.com/gavel-rules/gavel/cmd/gavel/version"
	"github.com/gavel-rules/gavel/rules/text"
)

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

// sarifRuleID is the only kind of result.
const sarifRuleID = "rules-file"

func sarifOf(findings text.Findings) sarifLog {
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
				Name: "gavel", Version: version.Released(),
				Rules: []sarifRule{{ID: sarifRuleID, Short: sarifMessage{"A mistake in a rules file"}}},
			}},
			ColumnKind: "unicodeCodePoints",
			Results:    results,
		}},
	}
}

func sarifPlace(f text.Finding) sarifLocation {
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
