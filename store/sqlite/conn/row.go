package conn

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
)

// values is one row of a result.
type values []driver.Value

// Scan copies the row into pointers of the column types.
func (v values) Scan(dest ...any) error {
	if len(dest) != len(v) {
		return fmt.Errorf("a row has %d columns, not %d", len(v), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, v[i]); err != nil {
			return fmt.Errorf("column %d: %w", i, err)
		}
	}
	return nil
}

func assign(dest any, v driver.Value) error {
	number, isNumber := v.(int64)
	text, isText := v.(string)
	ok := false
	switch d := dest.(type) {
	case *int64:
		*d, ok = number, isNumber
	case *int:
		*d, ok = int(number), isNumber
	case *bool:
		*d, ok = number != 0, isNumber
	case *string:
		*d, ok = text, isText
	case **string:
		*d, ok = nil, isText || v == nil
		if isText {
			*d = &text
		}
	case *[]byte:
		*d, ok = v.([]byte)
		ok = ok || v == nil
	case *sql.NullInt64:
		*d, ok = sql.NullInt64{Int64: number, Valid: isNumber}, isNumber || v == nil
	case *sql.NullString:
		*d, ok = sql.NullString{String: text, Valid: isText}, isText || v == nil
	}
	if !ok {
		return fmt.Errorf("%T does not fit into %T", v, dest)
	}
	return nil
}
