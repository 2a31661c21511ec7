package smallfile

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// ReadText is Read for a file that people edit: a byte order mark goes, and
// UTF-16, as some editors and shells write it, becomes UTF-8.
func ReadText(path string) (string, error) {
	content, err := Read(path)
	return Text(content), err
}

// Text is what the bytes of such a file say.
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
