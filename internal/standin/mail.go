package standin

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
)

// Mail is one accepted mail, with its parts decoded.
type Mail struct {
	// From and To are from the envelope, so To includes hidden recipients.
	From string
	To   []string
	// Header has the header fields as they were sent.
	Header    mail.Header
	Subject   string
	MessageID string
	Text      string
	HTML      string
	Files     []File
	Raw       []byte
}

// File is an attached file.
type File struct{ Name, Type, Content string }

func readMail(raw []byte) (Mail, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, fmt.Errorf("read mail: %w", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil {
		return Mail{}, fmt.Errorf("read subject: %w", err)
	}
	m := Mail{Header: msg.Header, Subject: subject, MessageID: msg.Header.Get("Message-ID"), Raw: raw}
	return m, m.readPart(textproto.MIMEHeader(msg.Header), msg.Body)
}

func (m *Mail) readPart(header textproto.MIMEHeader, body io.Reader) error {
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		media = "text/plain"
	}
	if strings.HasPrefix(media, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read part: %w", err)
			}
			if err := m.readPart(part.Header, part); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("decode part: %w", err)
	}
	if disposition, about, err := mime.ParseMediaType(header.Get("Content-Disposition")); err == nil && disposition == "attachment" {
		name, err := new(mime.WordDecoder).DecodeHeader(about["filename"])
		if err != nil {
			return fmt.Errorf("read the name of a file: %w", err)
		}
		m.Files = append(m.Files, File{Name: name, Type: media, Content: string(content)})
		return nil
	}
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	switch media {
	case "text/plain":
		m.Text += text
	case "text/html":
		m.HTML += text
	}
	return nil
}
