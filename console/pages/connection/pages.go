// Package connection has the pages of connections.
package connection

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/draw"
	"github.com/gavel-rules/gavel/console/pages/frame"
	"github.com/gavel-rules/gavel/console/past"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/report/history"
)

// Pages are the pages of connections.
type Pages struct{ *frame.Frame }

// Routes adds the addresses.
func (p *Pages) Routes(r chi.Router) {
	r.Get("/connections", p.list)
	r.Get("/connections/{name}", p.page)
}

// listView is the list of connections.
type listView struct {
	Rows  []api.ConnectionPast
	Heat  []heatRow
	Ticks []draw.Cell // every sixth hour
	Month []heatRow   // by day
	Week  []heatRow   // by hour
	// WeekTicks are every 24th hour of Week.
	WeekTicks []draw.Cell
	Page      query.Page
}

// heatRow is one connection in the picture of failures.
type heatRow struct {
	Name    string
	Strip   draw.Strip
	Failing []draw.Cell // newest spans with failures
	More    int         // older ones
}

// heatMost bounds the rows of a picture, failingMost the spans of a connection in
// the table beside it, rowsMost the rows of the list.
const (
	heatMost    = 20
	failingMost = 30
	rowsMost    = 50
)

func (p *Pages) list(w http.ResponseWriter, r *http.Request) {
	all, err := past.Connections(r.Context(), &p.Backend)
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	hours, err := p.Ledger.Hourly(r.Context(), history.WeekFrom(p.Now()))
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	weeks := history.WeeksOf(hours, p.Now())
	v := listView{
		Week:  heatOf(all, func(c *api.ConnectionPast) []history.Hour { return weeks[c.Name] }),
		Heat:  heatOf(all, func(c *api.ConnectionPast) []history.Hour { return c.Day.Hours }),
		Month: heatOf(all, func(c *api.ConnectionPast) []history.Hour { return c.Day.Days }),
	}
	if len(v.Heat) > 0 {
		v.Ticks = ticks(v.Heat[0].Strip, ticksOfDay)
	}
	if len(v.Week) > 0 {
		v.WeekTicks = ticks(v.Week[0].Strip, ticksOfWeek)
	}
	v.Rows, v.Page = query.PageOf(all, r.URL.Query(), rowsMost)
	p.Render(w, r, http.StatusOK, "connections", "Connections", v)
}

// heatOf draws the connections with failures, by hours or days.
func heatOf(all []api.ConnectionPast, spans func(*api.ConnectionPast) []history.Hour) []heatRow {
	most := 0
	for i := range all {
		for _, h := range spans(&all[i]) {
			most = max(most, h.Failed)
		}
	}
	var rows []heatRow
	for i := range all {
		row := heatRow{Name: all[i].Name, Strip: draw.NewStrip(spans(&all[i]), most)}
		for _, cell := range row.Strip.Cells {
			if cell.Failed > 0 {
				row.Failing = append(row.Failing, cell)
			}
		}
		row.More = max(0, len(row.Failing)-failingMost)
		row.Failing = row.Failing[row.More:]
		if len(row.Failing) > 0 && len(rows) < heatMost {
			rows = append(rows, row)
		}
	}
	return rows
}

// Every how many hours the pictures name one.
const (
	ticksOfDay  = 6
	ticksOfWeek = 24
)

func ticks(s draw.Strip, every int) []draw.Cell {
	var out []draw.Cell
	for i := 0; i < len(s.Cells); i += every {
		out = append(out, s.Cells[i])
	}
	return out
}

// pageView is the page of one connection.
type pageView struct {
	*api.ConnectionDetail
	Calls, Failures draw.Bars
	Ticks           []draw.Cell
	PerHour         string
}

// fewCalls is how many calls of a day are too few for whole numbers by hour.
const fewCalls = 240

func (p *Pages) page(w http.ResponseWriter, r *http.Request) {
	d, err := past.Connection(r.Context(), &p.Backend, query.PathValue(r, "name"))
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	v := pageView{ConnectionDetail: d, Ticks: ticks(draw.NewStrip(d.Day.Hours, 1), ticksOfDay)}
	v.PerHour = words.Number(d.Day.Calls / len(d.Day.Hours))
	if d.Day.Calls < fewCalls {
		v.PerHour = strconv.FormatFloat(float64(d.Day.Calls)/float64(len(d.Day.Hours)), 'g', 2, 64)
	}
	var calls, failures []draw.Point
	for _, h := range d.Day.Hours {
		calls, failures = append(calls, draw.Point{Start: h.Start, Value: h.Calls}), append(failures, draw.Point{Start: h.Start, Value: h.Failed})
	}
	v.Calls, v.Failures = draw.NewBars(calls, draw.Highest(calls)), draw.NewBars(failures, draw.Highest(failures))
	p.Render(w, r, http.StatusOK, "connection", "Connection "+d.Name, v)
}
