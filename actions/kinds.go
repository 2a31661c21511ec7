package actions

import (
	"log/slog"
	"net/http"

	"github.com/gavel-rules/gavel/actions/email"
	"github.com/gavel-rules/gavel/actions/httpcall"
	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/actions/remember"
	"github.com/gavel-rules/gavel/actions/slack"
	"github.com/gavel-rules/gavel/actions/wait"
	"github.com/gavel-rules/gavel/rules/params"
)

// Deps are the dependencies of the kinds. The zero value works.
type Deps struct {
	// Logger gets the lines of the log action; nil means slog.Default.
	Logger *slog.Logger
	// UserAgent is sent with every HTTP call, as in "gavel/1.2.0".
	UserAgent string
	// AllowHosts may be reached whatever they resolve to, in addition to the
	// hosts that rules and connections name.
	AllowHosts []string
	// Transport is used for all HTTP calls; nil means a new one with the guard
	// of package outbound. Keep it over reloads, so that connections are reused.
	Transport *http.Transport
	// KeyFiles are the files that rules may use as private keys; the zero value
	// allows none.
	KeyFiles httpcall.KeyFiles
}

// Kinds returns every kind of action and connection.
func Kinds(d Deps) params.Kinds {
	if d.Transport == nil {
		d.Transport = outbound.NewTransport(outbound.Options{AllowHosts: d.AllowHosts})
	}
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	viaSlack := slack.Deps{Transport: d.Transport, UserAgent: d.UserAgent}
	viaHTTP := httpcall.Deps{Transport: d.Transport, UserAgent: d.UserAgent, KeyFiles: d.KeyFiles}
	return params.Kinds{
		Actions: []params.Kind{
			slack.Kind(),
			httpcall.Kind(viaHTTP),
			email.Kind(),
			logKind(d.Logger),
			wait.Kind(),
			remember.Kind(),
			remember.Counter(),
		},
		Connections: []params.ConnectionKind{
			slack.ConnectionKind(viaSlack),
			httpcall.ConnectionKind(viaHTTP),
			email.ConnectionKind(),
		},
	}
}
