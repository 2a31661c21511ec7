package eval

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// maxDigits limits the numbers in calculations: 1e999999999 has more digits
// than fit in memory.
const maxDigits = 400

var (
	errNumberTooLarge = errors.New("a number has too many digits to calculate with")
	errDivisionByZero = errors.New("division by zero")
)

// decimal is an exact number: coef × 10^exp.
type decimal struct {
	coef *big.Int
	exp  int
}

// decimalOf converts any number. A float64 becomes the decimal it is written
// as: 0.1 is one tenth.
func decimalOf(v any) (decimal, bool) {
	switch x := v.(type) {
	case int:
		return decimal{coef: big.NewInt(int64(x))}, true
	case int64:
		return decimal{coef: big.NewInt(x)}, true
	case float64:
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return decimal{}, false
		}
		return parseDecimal(strconv.FormatFloat(x, 'g', -1, 64))
	case event.Number:
		return parseDecimal(x.String())
	}
	return decimal{}, false
}

// parseDecimal reads a number as JSON writes it.
func parseDecimal(s string) (decimal, bool) {
	if len(s) > 10*maxDigits {
		return decimal{}, false
	}
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(s), "e")
	exp := 0
	if scientific {
		e, err := strconv.Atoi(exponent)
		if err != nil {
			return decimal{}, false
		}
		exp = e
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	coef, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return decimal{}, false
	}
	return decimal{coef: coef, exp: exp - len(fraction)}, true
}

// tooLarge reports whether a number has more than maxDigits digits.
func (d decimal) tooLarge() bool {
	return d.exp > maxDigits || d.exp < -maxDigits || d.coef.BitLen() > maxDigits*4
}

// align gives both numbers the smaller exponent.
func align(a, b decimal) (x, y *big.Int, exp int) {
	exp = min(a.exp, b.exp)
	return scaled(a, exp), scaled(b, exp), exp
}

func scaled(d decimal, exp int) *big.Int {
	if d.exp == exp {
		return d.coef
	}
	return new(big.Int).Mul(d.coef, tenTo(d.exp-exp))
}

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// compare returns -1, 0 or 1.
func (d decimal) compare(o decimal) int {
	if s, t := d.coef.Sign(), o.coef.Sign(); s != t || s == 0 {
		return sign(s - t)
	}
	// Comparing magnitudes is enough for most numbers and needs little memory.
	if m, n := d.magnitude(), o.magnitude(); m != n {
		return sign(m-n) * d.coef.Sign()
	}
	x, y, _ := align(d, o)
	return x.Cmp(y)
}

// magnitude is the position of the first digit.
func (d decimal) magnitude() int {
	return len(new(big.Int).Abs(d.coef).String()) + d.exp
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// value returns the number as expressions use it.
func (d decimal) value() any { return event.NumberOf(d.String()) }

// String writes the number without an exponent, unless it is too long.
func (d decimal) String() string {
	if d.exp > maxDigits || d.exp < -maxDigits {
		return d.coef.String() + "e" + strconv.Itoa(d.exp)
	}
	digits := new(big.Int).Abs(d.coef).String()
	minus := ""
	if d.coef.Sign() < 0 {
		minus = "-"
	}
	if d.exp >= 0 {
		if d.coef.Sign() == 0 {
			return "0"
		}
		return minus + digits + strings.Repeat("0", d.exp)
	}
	if pad := 1 - d.exp - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	point := len(digits) + d.exp
	fraction := strings.TrimRight(digits[point:], "0")
	if fraction == "" {
		if d.coef.Sign() == 0 || strings.Trim(digits[:point], "0") == "" {
			return "0"
		}
		return minus + digits[:point]
	}
	return minus + digits[:point] + "." + fraction
}

// calculate returns a + b, a - b, a * b, a / b or a % b.
func calculate(op string, a, b decimal) (any, error) {
	if a.tooLarge() || b.tooLarge() {
		return nil, errNumberTooLarge
	}
	switch op {
	case "+", "-":
		x, y, exp := align(a, b)
		if op == "+" {
			return decimal{new(big.Int).Add(x, y), exp}.value(), nil
		}
		return decimal{new(big.Int).Sub(x, y), exp}.value(), nil
	case "*":
		return decimal{new(big.Int).Mul(a.coef, b.coef), a.exp + b.exp}.value(), nil
	}
	if b.coef.Sign() == 0 {
		return nil, errDivisionByZero
	}
	x, y, exp := align(a, b)
	if op == "%" {
		return decimal{new(big.Int).Rem(x, y), exp}.value(), nil
	}
	return divide(x, y), nil
}

// exactDigits is how many decimal places an exact quotient may have.
const exactDigits = 30

func divide(x, y *big.Int) any {
	q, r := new(big.Int).QuoRem(new(big.Int).Mul(x, tenTo(exactDigits)), y, new(big.Int))
	if r.Sign() == 0 {
		return decimal{q, -exactDigits}.value()
	}
	f, _ := new(big.Rat).SetFrac(x, y).Float64()
	if math.Abs(f) >= 1e15 {
		return decimal{q.Quo(q, tenTo(exactDigits-2)), -2}.value()
	}
	return f
}

// power is exact for whole exponents, unless the result is too long.
func power(x, y decimal) (any, error) {
	if x.tooLarge() || y.tooLarge() {
		return nil, errNumberTooLarge
	}
	if n := y.String(); IsWhole(n) && y.coef.Sign() >= 0 {
		if times, err := strconv.Atoi(n); err == nil && times <= 4*maxDigits && times*max(x.coef.BitLen(), x.exp, -x.exp) <= 4*maxDigits {
			return decimal{new(big.Int).Exp(x.coef, big.NewInt(int64(times)), nil), x.exp * times}.value(), nil
		}
	}
	if x.coef.Sign() == 0 && y.coef.Sign() < 0 {
		return nil, errDivisionByZero
	}
	base, errX := x.float()
	exponent, errY := y.float()
	f := math.Pow(base, exponent)
	if errX != nil || errY != nil || math.IsInf(f, 0) {
		return nil, errNumberTooLarge
	}
	if math.IsNaN(f) {
		return nil, errors.New("this power has no result")
	}
	return f, nil
}

// float is the nearest float64.
func (d decimal) float() (float64, error) {
	if d.tooLarge() {
		return 0, errNumberTooLarge
	}
	f, err := strconv.ParseFloat(d.String(), 64)
	if err != nil {
		return 0, errNumberTooLarge
	}
	return f, nil
}

// rounded is d rounded down for floor, up for ceil, and to the nearest whole
// number for round, with halves away from zero.
func (d decimal) rounded(how string) (any, error) {
	if d.tooLarge() {
		return nil, errNumberTooLarge
	}
	if d.exp >= 0 {
		return d.value(), nil
	}
	unit := tenTo(-d.exp)
	q, r := new(big.Int).QuoRem(d.coef, unit, new(big.Int))
	up := how == "ceil" && r.Sign() > 0
	down := how == "floor" && r.Sign() < 0
	if how == "round" && new(big.Int).Mul(new(big.Int).Abs(r), big.NewInt(2)).Cmp(unit) >= 0 {
		up, down = r.Sign() > 0, r.Sign() < 0
	}
	switch {
	case up:
		q.Add(q, big.NewInt(1))
	case down:
		q.Sub(q, big.NewInt(1))
	}
	return decimal{coef: q}.value(), nil
}

// isNumber reports whether a value is of one of the number types of expressions.
func isNumber(v any) bool {
	switch v.(type) {
	case int, int64, float64, event.Number:
		return true
	}
	return false
}

// plainNumber converts other number types of Go, which a result may contain,
// to those.
func plainNumber(v any) any {
	switch x := v.(type) {
	case int8:
		return int(x)
	case int16:
		return int(x)
	case int32:
		return int(x)
	case uint:
		return wholeNumber(uint64(x))
	case uint8:
		return int(x)
	case uint16:
		return int(x)
	case uint32:
		return int(x)
	case uint64:
		return wholeNumber(x)
	case float32:
		return float64(x)
	case int64:
		return int(x)
	}
	return v
}

func wholeNumber(n uint64) any { return event.NumberOf(strconv.FormatUint(n, 10)) }
