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

// Number is a number from JSON that neither int nor float64 can hold without
// becoming another one, or without being written differently: an integer beyond
// 64 bits, more digits than a float64 has, 1.50. It keeps the text it came as.
type Number struct{ text string }

// NumberOf returns the number that a JSON literal stands for: an int if it is a
// whole number that fits, a float64 if that is written with the same digits, a
// Number otherwise.
func NumberOf(literal string) any {
	if i, err := strconv.ParseInt(literal, 10, strconv.IntSize); err == nil {
		return int(i)
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return Number{literal}
	}
	// encoding/json writes what is smaller or larger with an exponent.
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

// String returns the number as it came.
func (n Number) String() string { return n.text }

// MarshalJSON writes the number as it came.
func (n Number) MarshalJSON() ([]byte, error) {
	if n.text == "" {
		return []byte("0"), nil
	}
	return []byte(n.text), nil
}

// ReadJSON reads one JSON value as plain maps, lists, texts, booleans and exact
// numbers: see NumberOf.
func ReadJSON(raw []byte) (any, error) {
	var v any
	if err := UnmarshalExact(raw, &v); err != nil {
		return nil, err
	}
	return v, nil
}

// UnmarshalExact is json.Unmarshal with exact numbers wherever into has room
// for any value.
func UnmarshalExact(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("read JSON: unexpected data after the value")
	}
	settleNumbers(reflect.ValueOf(into))
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

// settleNumbers goes through what was decoded into and settles what holds any
// value.
func settleNumbers(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			settleNumbers(v.Elem())
		}
	case reflect.Interface:
		if !v.IsNil() && v.CanSet() && v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(Exact(v.Interface())))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				settleNumbers(v.Field(i))
			}
		}
	case reflect.Slice:
		if elem := v.Type().Elem().Kind(); elem == reflect.Uint8 || elem == reflect.String {
			return
		}
		for i := range v.Len() {
			settleNumbers(v.Index(i))
		}
	case reflect.Map:
		if m, ok := v.Interface().(map[string]any); ok {
			Exact(m)
		}
	}
}
