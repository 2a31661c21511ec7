package report

import "time"

// Ranges of the fine histogram used for quartiles.
const (
	day        = 24 * time.Hour
	minutesTo  = day        // bins of a minute below this
	hoursTo    = 90 * day   // bins of an hour below this
	daysTo     = 3650 * day // bins of a day below this
	minuteBins = int(minutesTo / time.Minute)
	hourBins   = int((hoursTo - minutesTo) / time.Hour)
	dayBins    = int((daysTo-hoursTo)/day) + 1 // the last has no end
)

// bounds returns the empty bins of the report.
func bounds() []Bin {
	week := 7 * day
	list := []struct {
		label string
		from  time.Duration
	}{
		{"under 1 h", 0}, {"1–4 h", time.Hour}, {"4–24 h", 4 * time.Hour}, {"1–2 days", day}, {"2–4 days", 2 * day},
		{"4–7 days", 4 * day}, {"1–2 weeks", week}, {"2–4 weeks", 2 * week}, {"4–8 weeks", 4 * week}, {"8 weeks and more", 8 * week},
	}
	bins := make([]Bin, len(list))
	for i, b := range list {
		bins[i] = Bin{Label: b.label, FromSeconds: int64(b.from / time.Second)}
		if i > 0 {
			bins[i-1].ToSeconds = bins[i].FromSeconds
		}
	}
	return bins
}

// leads is a histogram of the times from booking to meeting.
type leads struct {
	begun, total int
	bins         [minuteBins + hourBins + dayBins]int
}

func (l *leads) add(ahead time.Duration) {
	if ahead < 0 {
		l.begun++
		return
	}
	l.total++
	switch {
	case ahead < minutesTo:
		l.bins[int(ahead/time.Minute)]++
	case ahead < hoursTo:
		l.bins[minuteBins+int((ahead-minutesTo)/time.Hour)]++
	default:
		l.bins[minuteBins+hourBins+int((min(ahead, daysTo)-hoursTo)/day)]++
	}
}

// from returns the lower bound of a bin.
func from(bin int) time.Duration {
	switch {
	case bin < minuteBins:
		return time.Duration(bin) * time.Minute
	case bin < minuteBins+hourBins:
		return minutesTo + time.Duration(bin-minuteBins)*time.Hour
	}
	return hoursTo + time.Duration(bin-minuteBins-hourBins)*day
}

// quantile returns, in seconds, the time ahead that a part of the meetings, from
// 0 to 1, does not exceed.
func (l *leads) quantile(part float64) int64 {
	seen, want := 0, max(1, int(part*float64(l.total)+0.999999))
	for bin, n := range l.bins {
		if seen += n; seen >= want {
			return int64(from(bin) / time.Second)
		}
	}
	return 0
}

func (l *leads) report() Lead {
	out := Lead{Meetings: l.total, Begun: l.begun, Histogram: bounds()}
	coarse := 0
	for bin, n := range l.bins {
		for coarse < len(out.Histogram)-1 && int64(from(bin)/time.Second) >= out.Histogram[coarse+1].FromSeconds {
			coarse++
		}
		out.Histogram[coarse].Meetings += n
	}
	if l.total > 0 {
		out.LowerSeconds, out.MedianSeconds, out.UpperSeconds = l.quantile(.25), l.quantile(.5), l.quantile(.75)
	}
	return out
}
