package smallfile

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// ReadText is Read for text files: it removes a byte order mark, and converts
// UTF-16, which some editors and shells write, to UTF-8.
func ReadText(path string) (string, error) {
	content, err := Read(path)
	return Text(content), err
}

// Text converts the content of such a file.
func Text(content []byte) string {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return string(bytes.TrimPrefix(content, []byte("\ufeff")))
	}
	var units []uint16
	for rest := content[2:]; len(rest) >= 2; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	return string(utf16.Decode(units))
}
