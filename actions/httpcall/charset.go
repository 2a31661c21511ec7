package httpcall

import (
	"bytes"
	"mime"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// decodeText converts a reply to UTF-8: by its byte order mark, else by the
// charset of its Content-Type. Without either, a reply that is not UTF-8 is
// read as Windows-1252, as browsers do.
func decodeText(body []byte, contentType string) []byte {
	if utf16 := unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM); bytes.HasPrefix(body, []byte{0xfe, 0xff}) || bytes.HasPrefix(body, []byte{0xff, 0xfe}) {
		return decodeBy(utf16, body)
	}
	if plain, marked := bytes.CutPrefix(body, []byte("\ufeff")); marked {
		return bytes.ToValidUTF8(plain, []byte("\ufffd"))
	}
	_, settings, _ := mime.ParseMediaType(contentType)
	if e, err := htmlindex.Get(settings["charset"]); err == nil {
		return decodeBy(e, body)
	}
	if utf8.Valid(body) {
		return body
	}
	return decodeBy(charmap.Windows1252, body)
}

func decodeBy(e encoding.Encoding, body []byte) []byte {
	out, err := e.NewDecoder().Bytes(body)
	if err != nil {
		return bytes.ToValidUTF8(body, []byte("\ufffd"))
	}
	return bytes.ToValidUTF8(out, []byte("\ufffd"))
}
