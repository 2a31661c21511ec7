package checkup

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/gavel-rules/gavel/receiver"
)

// Shortest lengths of secrets that cannot be guessed, in characters.
const (
	shortestToken  = 20
	shortestSecret = 16
)

// secrets checks the signing secret and the token of the console.
func (c *checkup) secrets(context.Context) []Finding {
	found := []Finding{c.signingSecret()}
	host, _, err := net.SplitHostPort(c.Console)
	if err != nil {
		return append(found, problem("console-address", fmt.Sprintf("the console address %q is not HOST:PORT", c.Console), "write --console 127.0.0.1:8081"))
	}
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	if len(c.ConsoleTokens) == 0 {
		if local {
			return append(found, ok("console-token", "none; the console is only reachable from this machine"))
		}
		return append(found, problem("console-token", "the console at "+c.Console+" is reachable from other machines and has no token",
			"set GAVEL_CONSOLE_TOKEN, or --console-token-file"))
	}
	for _, token := range c.ConsoleTokens {
		if weak(token, shortestToken) {
			return append(found, warning("console-token", "the console token can be guessed: it is short or repeats itself",
				"use 32 random bytes, such as from: openssl rand -base64 32"))
		}
	}
	return append(found, ok("console-token", "set, and long enough"))
}

func (c *checkup) signingSecret() Finding {
	const where = "it is on the page of the webhook at Cirrus Insight; set GAVEL_SIGNING_SECRET, or --signing-secret-file"
	if c.Unsigned {
		return warning("signing-secret", "events are accepted without a signature, so anyone who can reach the address can forge them", where)
	}
	if len(c.Signature.Secrets) == 0 {
		return problem("signing-secret", "there is no signing secret, so serve does not start", where)
	}
	for _, s := range c.Signature.Secrets {
		switch {
		case s.Value == c.Placeholder:
			return problem("signing-secret", "the signing secret is still a placeholder", where)
		case weak(s.Value, shortestSecret):
			return warning("signing-secret", "a signing secret can be guessed: it is short or repeats itself", "make a new one at Cirrus Insight")
		}
	}
	return ok("signing-secret", counted(len(c.Signature.Secrets), "signing secret", "signing secrets"))
}

// weak reports whether a secret is shorter than least, or has few different
// characters.
func weak(secret string, least int) bool {
	different := map[rune]bool{}
	for _, r := range secret {
		different[r] = true
	}
	return len(secret) < least || len(different) < 6
}

// signature compares the settings with a request of the source.
func (c *checkup) signature(context.Context) []Finding {
	if c.Captured == nil {
		c.notChecked("how events are signed: capture one request and give it with --request")
		return nil
	}
	if receiver.Fits(c.Signature, c.Captured.Header, c.Captured.Body) {
		return []Finding{ok("signature", "the captured request verifies with these settings")}
	}
	for _, s := range c.Signature.Secrets {
		if ways := receiver.Detect(s.Value, c.Captured.Header, c.Captured.Body); len(ways) > 0 {
			return []Finding{problem("signature", "the captured request does not verify with these settings; its signature is in the header "+ways[0].Header+", scheme "+ways[0].Scheme,
				"start serve with: "+c.FlagsOf(ways[0]))}
		}
	}
	return []Finding{problem("signature", fmt.Sprintf("no header of the captured request is a signature of its body under %s (%d headers tried)",
		beside(len(c.Signature.Secrets), "this secret", "these secrets"), len(c.Captured.Header)),
		"check that the secret is that of this webhook, and that the body is complete, byte for byte")}
}

func beside(n int, one, many string) string {
	return strings.TrimPrefix(counted(n, one, many), fmt.Sprint(n)+" ")
}
