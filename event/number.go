package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Number is a number from JSON that would change as an int or float64, or would
// be written differently: an integer beyond 64 bits, more digits than a float64
// has, 1.50. It keeps the original text.
type Number struct{ text string }

// NumberOf returns the number of a JSON literal: an int if it is a whole number
// that fits, a float64 if it is written with the same digits, else a Number.
func NumberOf(literal string) any {
	if i, err := strconv.ParseInt(literal, 10, strconv.IntSize); err == nil {
		return int(i)
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return Number{literal}
	}
	// encoding/json writes smaller and larger numbers with an exponent.
	if size := math.Abs(f); size >= 1e-6 && size < 1e21 && strconv.FormatFloat(f, 'f', -1, 64) == literal {
		return f
	}
	// 1e6 and 1.5e3 are whole numbers, written another way.
	if strings.ContainsAny(literal, "eE") && f == math.Trunc(f) && math.Abs(f) < 1<<53 && significant(literal) <= 15 {
		return int(f)
	}
	return Number{literal}
}

// significant counts the digits of a number before its exponent.
func significant(literal string) int {
	n := 0
	for _, c := range literal {
		if c == 'e' || c == 'E' {
			break
		}
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

// String returns the original text.
func (n Number) String() string { return n.text }

// MarshalJSON writes the original text.
func (n Number) MarshalJSON() ([]byte, error) {
	if n.text == "" {
		return []byte("0"), nil
	}
	return []byte(n.text), nil
}

// ReadJSON decodes one JSON value to maps, lists, strings, booleans and exact
// numbers; see NumberOf.
func ReadJSON(raw []byte) (any, error) {
	var v any
	if err := UnmarshalExact(raw, &v); err != nil {
		return nil, err
	}
	return v, nil
}

// UnmarshalExact is json.Unmarshal with exact numbers in values of type any.
func UnmarshalExact(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("read JSON: unexpected data after the value")
	}
	exactNumbers(reflect.ValueOf(into))
	return nil
}

// Exact turns the json.Number values inside maps and lists into numbers, in
// place, and returns the value.
func Exact(v any) any {
	switch x := v.(type) {
	case json.Number:
		return NumberOf(string(x))
	case map[string]any:
		for k, item := range x {
			switch item.(type) {
			case json.Number, map[string]any, []any:
				x[k] = Exact(item)
			}
		}
	case []any:
		for i, item := range x {
			switch item.(type) {
			case json.Number, map[string]any, []any:
				x[i] = Exact(item)
			}
		}
	}
	return v
}

// exactNumbers replaces the numbers in all values of type any.
func exactNumbers(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			exactNumbers(v.Elem())
		}
	case reflect.Interface:
		if !v.IsNil() && v.CanSet() && v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(Exact(v.Interface())))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				exactNumbers(v.Field(i))
			}
		}
	case reflect.Slice:
		if elem := v.Type().Elem().Kind(); elem == reflect.Uint8 || elem == reflect.String {
			return
		}
		for i := range v.Len() {
			exactNumbers(v.Index(i))
		}
	case reflect.Map:
		if m, ok := v.Interface().(map[string]any); ok {
			Exact(m)
		}
	}
}
