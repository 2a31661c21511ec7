package actions

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

func logKind(logger *slog.Logger) params.Kind {
	return params.Kind{
		Name:      "log",
		Doc:       "Writes one line to Gavel's own log.",
		New:       func() params.Params { return &logParams{logger: logger} },
		NewResult: func() any { return &LogResult{} },
		Timeout:   5 * time.Second,
		Local:     true,
	}
}

// LogResult is the result of a log action. It is empty.
type LogResult struct{}

type logParams struct {
	Message values.Text            `yaml:"message" required:"true" doc:"What to write." example:"booked: ${{ meeting.meetingInfo.meetingName }}"`
	Level   string                 `yaml:"level" enum:"debug,info,warn,error" default:"info" doc:"Level of the line."`
	Fields  map[string]values.Text `yaml:"fields" doc:"Attributes of the line." example:"{owner: \"${{ meeting.meetingOwner.username }}\"}"`

	logger *slog.Logger
}

// Build parses the level.
func (p *logParams) Build(any) (params.Action, error) {
	var level slog.Level
	if p.Level != "" {
		if err := level.UnmarshalText([]byte(p.Level)); err != nil {
			return nil, &params.FieldError{Field: "level", Err: err}
		}
	}
	return &logAction{logParams: *p, level: level}, nil
}

type logAction struct {
	logParams
	level slog.Level
}

// Prepare renders the line for one event.
func (a *logAction) Prepare(s *language.Scope) (params.Effect, error) {
	message, err := a.Message.Render(s, nil)
	if err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	line := &logLine{Level: a.level.String(), Message: outbound.Line(message), level: a.level, logger: a.logger}
	for _, name := range slices.Sorted(maps.Keys(a.Fields)) {
		v, err := a.Fields[name].Render(s, nil)
		if err != nil {
			return nil, fmt.Errorf("fields.%s: %w", name, err)
		}
		if line.Fields == nil {
			line.Fields = map[string]string{}
		}
		line.Fields[name] = outbound.Line(v)
	}
	return line, nil
}

// logLine is the effect: one line to write.
type logLine struct {
	Level   string            `json:"level"`
	Message string            `json:"message"`
	Fields  map[string]string `json:"fields,omitempty"`

	level  slog.Level
	logger *slog.Logger
}

// Do writes the line. The author's text is an attribute, so that it cannot
// look like one of Gavel's own messages.
func (l *logLine) Do(ctx context.Context, d params.Delivery) (any, error) {
	shown := d.Shown
	if shown == nil {
		shown = func(text string) string { return text }
	}
	attrs := []slog.Attr{
		slog.String("text", shown(l.Message)), slog.String("rule", d.Rule), slog.String("action", d.ActionID),
		slog.String("event_id", d.EventID), slog.String("run_id", d.RunID),
	}
	if len(l.Fields) > 0 {
		fields := make([]any, 0, len(l.Fields))
		for _, name := range slices.Sorted(maps.Keys(l.Fields)) {
			fields = append(fields, slog.String(name, shown(l.Fields[name])))
		}
		attrs = append(attrs, slog.Group("fields", fields...))
	}
	l.logger.LogAttrs(ctx, l.level, "rule says", attrs...)
	return &LogResult{}, nil
}
