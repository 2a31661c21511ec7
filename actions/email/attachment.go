package email

import (
	"errors"
	"fmt"
	"path"
	"strings"

	mail "github.com/wneessen/go-mail"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

const (
	mostAttachments    = 10
	largestAttachments = 5 << 20 // bytes of all together; many servers refuse mails above 10 MiB
)

// attachmentSettings are one file at a mail.
type attachmentSettings struct {
	Name    values.Text `yaml:"name" required:"true" doc:"Name of the file; its ending tells its type: csv, html, ics, json, md, txt or xml. Slashes and control characters are replaced." example:"bookings.csv"`
	Content values.Text `yaml:"content" required:"true" doc:"Content of the file, as text. Values are put in as they are: nothing is escaped for the type of the file." example:"${{ json(actions.find.body) }}"`
}

// attachment is a file to send.
type attachment struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Content string `json:"content"`
}

func checkAttachments(list []attachmentSettings) error {
	if len(list) > mostAttachments {
		return &params.FieldError{Field: "attachments", Err: fmt.Errorf("has %d files", len(list)), Hint: fmt.Sprintf("a mail has at most %d", mostAttachments)}
	}
	for _, a := range list {
		if name, ok := a.Name.Literal(); ok && fileName(name) == "" {
			return &params.FieldError{Field: "attachments", Err: errors.New("has a file without a name"), Hint: "give each file a name, such as bookings.csv"}
		}
	}
	return nil
}

func (a *action) prepareAttachments(s *language.Scope, m *message) error {
	size := 0
	for i, f := range a.Attachments {
		name, err := f.Name.Render(s, nil)
		if err != nil {
			return fmt.Errorf("attachments[%d].name: %w", i, err)
		}
		if name = fileName(name); name == "" {
			return event.Failf(event.CauseRefused, false, "attachments[%d].name is empty for this event", i)
		}
		content, err := f.Content.Render(s, nil)
		if err != nil {
			return fmt.Errorf("attachments[%d].content: %w", i, err)
		}
		if size += len(content); size > largestAttachments {
			return event.Failf(event.CauseRefused, false, "the attachments are larger than %d MiB together", largestAttachments>>20)
		}
		m.attachments = append(m.attachments, attachment{Name: name, Type: fileType(name), Content: content})
	}
	return nil
}

// fileName makes a name that cannot lead out of a folder or hide its ending.
func fileName(name string) string {
	name = strings.NewReplacer("/", "_", `\`, "_").Replace(headerText(outbound.Visible(name)))
	return strings.Trim(short(name, longestName), " .")
}

func fileType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv":
		return "text/csv"
	case ".html", ".htm":
		return "text/html"
	case ".ics":
		return "text/calendar"
	case ".json":
		return "application/json"
	case ".xml":
		return "application/xml"
	case ".txt", ".md", ".log":
		return "text/plain"
	}
	return "application/octet-stream"
}

func attach(msg *mail.Msg, files []attachment) error {
	for _, f := range files {
		if err := msg.AttachReader(f.Name, strings.NewReader(f.Content), mail.WithFileContentType(mail.ContentType(f.Type))); err != nil {
			return fmt.Errorf("attachment %s: %w", f.Name, err)
		}
	}
	return nil
}
