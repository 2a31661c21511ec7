package usage

import (
	"fmt"
	"io"
	"os"
)

// StandardInput is the name of standard input.
const StandardInput = "-"

// inputLimit is far above the largest event and rules file. A name may lead to
// endless input, such as /dev/zero.
const inputLimit = 16 << 20

// ReadInput reads a file or, for "-", standard input.
func ReadInput(in io.Reader, name string) ([]byte, error) {
	from := "the standard input"
	if name != StandardInput {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in, from = f, name
	}
	body, err := io.ReadAll(io.LimitReader(in, inputLimit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", from, err)
	}
	if len(body) > inputLimit {
		return nil, fmt.Errorf("%s is larger than %d MiB", from, inputLimit>>20)
	}
	return body, nil
}
