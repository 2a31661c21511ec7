package archive

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
)

// Rewrite calls change for every line of the archive and rewrites the files with
// changed lines. If dry is set, nothing is written. The caller holds Lock. Files
// are replaced atomically, so a crash leaves each one old or new.
func (d *Dir) Rewrite(ctx context.Context, dry bool, change func(*event.Line) (changed bool, err error)) error {
	files, err := d.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		changed, err := rewrite(ctx, f.path(), io.Discard, change)
		if err == nil && changed && !dry {
			err = d.replace(ctx, f.path(), change)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Dir) replace(ctx context.Context, path string, change func(*event.Line) (bool, error)) error {
	temp, err := os.OpenFile(path+tempSuffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	buffer := bufio.NewWriterSize(temp, 1<<16)
	gz := gzip.NewWriter(buffer)
	_, err = rewrite(ctx, path, gz, change)
	if err = errors.Join(err, gz.Close(), buffer.Flush(), temp.Sync(), temp.Close()); err == nil {
		err = errors.Join(os.Rename(temp.Name(), path), d.sync())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("archive: %w", err), os.Remove(temp.Name()))
	}
	return nil
}

// rewrite copies a file with its changes and reports whether there were any.
func rewrite(ctx context.Context, path string, to io.Writer, change func(*event.Line) (bool, error)) (changed bool, err error) {
	from, err := openLines(path)
	if err != nil {
		return false, err
	}
	defer from.close()
	for {
		if err := ctx.Err(); err != nil {
			return changed, err
		}
		text, err := from.text()
		if errors.Is(err, io.EOF) {
			return changed, nil
		}
		if err != nil {
			return changed, err
		}
		line, err := decode.Line(text)
		if err != nil {
			return changed, fmt.Errorf("archive: %q, line %d: %w", from.name, from.number, err)
		}
		switch did, err := change(line); {
		case err != nil:
			return changed, err
		case did:
			changed = true
			if text, err = line.Encode(); err != nil {
				return changed, err
			}
		}
		if _, err := to.Write(text); err != nil {
			return changed, err
		}
	}
}
