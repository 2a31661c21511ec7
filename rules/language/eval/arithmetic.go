package eval

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"
)

func (o *Operation) arithmetic(a, b any) (any, error) {
	switch {
	case isNumber(a) && isNumber(b):
		return o.numbers(a, b)
	case o.Op == "+":
		if x, ok := a.(string); ok {
			if y, ok := b.(string); ok {
				return x + y, nil
			}
		}
	}
	if out, ok := o.times(a, b); ok {
		return out, nil
	}
	return nil, o.mismatch(a, b)
}

func (o *Operation) times(a, b any) (any, bool) {
	t, isT := a.(time.Time)
	d, isD := a.(time.Duration)
	u, isU := b.(time.Time)
	e, isE := b.(time.Duration)
	switch {
	case o.Op == "+" && isT && isE:
		return t.Add(e), true
	case o.Op == "+" && isD && isU:
		return u.Add(d), true
	case o.Op == "+" && isD && isE:
		return d + e, true
	case o.Op == "-" && isT && isU:
		return t.Sub(u), true
	case o.Op == "-" && isT && isE:
		return t.Add(-e), true
	case o.Op == "-" && isD && isE:
		return d - e, true
	case o.Op == "/" && isD && isNumber(b) && runtimeFloat(b) != 0:
		return time.Duration(float64(d) / runtimeFloat(b)), true
	case o.Op == "/" && isD && isE && e != 0:
		return divide(big.NewInt(int64(d)), big.NewInt(int64(e))), true
	case o.Op == "*" && isD && isNumber(b):
		return time.Duration(float64(d) * runtimeFloat(b)), true
	case o.Op == "*" && isE && isNumber(a):
		return time.Duration(float64(e) * runtimeFloat(a)), true
	}
	return nil, false
}

func runtimeFloat(v any) float64 {
	d, ok := decimalOf(v)
	if !ok {
		return 0
	}
	f, err := d.float()
	if err != nil {
		return 0
	}
	return f
}

func (o *Operation) numbers(a, b any) (any, error) {
	if i, ok := a.(int); ok {
		if j, ok := b.(int); ok {
			if out, ok := wholeNumbers(o.Op, i, j); ok {
				return out, nil
			}
		}
	}
	x, okX := decimalOf(a)
	y, okY := decimalOf(b)
	if !okX || !okY {
		return nil, errNumberTooLarge
	}
	if o.Op == "**" || o.Op == "^" {
		return power(x, y)
	}
	if o.Op == "%" && (x.exp < 0 || y.exp < 0) {
		return nil, errors.New("% needs whole numbers on both sides, but " + o.Left.subject(a) + ", and " + o.Right.subject(b))
	}
	return calculate(o.Op, x, y)
}

// wholeNumbers calculates with ints. It returns false on overflow.
func wholeNumbers(op string, a, b int) (int, bool) {
	switch op {
	case "+":
		sum := a + b
		return sum, (sum > a) == (b > 0)
	case "-":
		difference := a - b
		return difference, (difference < a) == (b > 0)
	case "*":
		if a == 0 || b == 0 {
			return 0, true
		}
		product := a * b
		return product, product/b == a && (a != -1 || b != math.MinInt) && (b != -1 || a != math.MinInt)
	case "%":
		if b != 0 {
			return a % b, true
		}
	}
	return 0, false
}

// negate is the unary minus for a value of unknown type.
func negate(args ...any) (any, error) {
	o, _ := args[0].(*Operand)
	v := plainNumber(args[1])
	if isNothing(v) {
		return nil, o.Absent()
	}
	if d, ok := v.(time.Duration); ok {
		return -d, nil
	}
	d, ok := decimalOf(v)
	if !ok {
		return nil, fmt.Errorf("- needs a number after it, but %s", o.subject(v))
	}
	return calculate("-", decimal{coef: zero()}, d)
}
