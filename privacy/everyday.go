package privacy

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// shortest is the least number of characters of a value that is treated as a
// secret without being marked as one.
const shortest = 6

// Everyday reports whether a value of the environment is too short or too
// common to be a secret: a word common in settings, a number, a date or
// duration, an IP address, a URL without user, query and key, a time zone, a
// #channel.
func Everyday(value string) bool {
	v := strings.TrimSpace(value)
	if utf8.RuneCountInString(v) < shortest {
		return true
	}
	return settingWord(v) || number.MatchString(v) || isTime(v) || isPlace(v)
}

// settingWord reports whether v is a word common in settings.
func settingWord(v string) bool {
	return slices.Contains([]string{
		"true", "false", "yes", "no", "on", "off", "null", "none", "nil", "ok", "enabled", "disabled", "enable", "disable", "active", "inactive",
		"allow", "deny", "always", "never", "unknown", "undefined", "default", "optional", "required", "automatic", "manual",
		"production", "staging", "development", "testing", "sandbox", "preview", "internal", "external", "public", "private",
		"debug", "info", "warning", "error", "starttls", "localhost", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
	}, strings.ToLower(v))
}

var (
	// nameWord is a word, a short number, or a short word with a number at its end.
	nameWord = regexp.MustCompile(`^(\pL+|[0-9]{1,7}|\pL{1,4}[0-9]{1,2})$`)
	number   = regexp.MustCompile(`^[+-]?[0-9][0-9.,:/ _-]*([a-zA-Z]{1,3}|%)?$`)
	timeZone = regexp.MustCompile(`^[A-Z][A-Za-z]+(/[A-Z][A-Za-z_-]+)+$`)
	channel  = regexp.MustCompile(`^#[\p{L}\p{N}_-]+$`)
)

func isTime(v string) bool {
	if _, err := time.Parse(time.RFC3339, v); err == nil {
		return true
	}
	_, err := time.ParseDuration(v)
	return err == nil
}

// isPlace reports whether v is a URL, IP address, time zone or channel without
// a key in it.
func isPlace(v string) bool {
	if strings.HasPrefix(v, "https://") || strings.HasPrefix(v, "http://") {
		u, err := url.Parse(v)
		return err == nil && u.User == nil && u.RawQuery == "" && u.Fragment == "" && !anyKey(v)
	}
	if _, err := netip.ParseAddr(v); err == nil {
		return true
	}
	if _, err := netip.ParseAddrPort(v); err == nil {
		return true
	}
	return timeZone.MatchString(v) || channel.MatchString(v) && !anyKey(v)
}

// longestWord is how long a word in a name may be; keys and tokens are longer.
const longestWord = 20

// PlainName reports whether a value is everyday, or consists only of words and
// numbers, as names of people, places and mailboxes do. Such values are not
// hidden if the rules use them in a setting that is not for secrets.
func PlainName(value string) bool {
	if Everyday(value) {
		return true
	}
	if _, rest, web := strings.Cut(value, "://"); web && strings.ContainsAny(rest, "@?#") {
		return false
	}
	return !slices.ContainsFunc(words(value), func(word string) bool {
		return len(word) > longestWord || keyLike(word) || !nameWord.MatchString(word)
	})
}

func words(v string) []string {
	return strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" .:/@#-_[]()<>,&'\"+", r) })
}

func anyKey(v string) bool { return slices.ContainsFunc(words(v), keyLike) }

// keyLike reports whether a word looks generated: it is long, or its letters
// and digits alternate.
func keyLike(word string) bool {
	if len(word) > longestWord {
		return true
	}
	changes, last := 0, 0
	for _, r := range word {
		kind := 1
		switch {
		case unicode.IsUpper(r):
			kind = 2
		case unicode.IsDigit(r):
			kind = 3
		}
		// A capital at the start of a word is not a change.
		if last != 0 && kind != last && (last != 2 || kind != 1) {
			changes++
		}
		last = kind
	}
	return len(word) >= 8 && changes >= 3
}

// NamesSecret reports whether the name of a variable says that its value is a
// secret, whatever the value is. Digits are ignored, and the long words count
// at the end of another word too: CRM_TOKEN_2 and authToken, but not TOKENIZER
// or MONKEY.
func NamesSecret(name string) bool {
	parts := strings.FieldsFunc(strings.ToUpper(name), func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.ContainsFunc(parts, func(part string) bool {
		return shortSecretWord(part) || slices.ContainsFunc([]string{
			"SECRET", "TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "APIKEY", "CREDENTIAL",
		}, func(word string) bool { return strings.HasSuffix(strings.TrimSuffix(part, "S"), word) })
	})
}

// shortSecretWord reports whether a part of a name is one of the short words,
// which must match as a whole because other words end with them.
func shortSecretWord(part string) bool {
	return slices.Contains([]string{"PASS", "PWD", "PIN", "KEY", "KEYS"}, part)
}
