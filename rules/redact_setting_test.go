package rules

import "testing"

func TestPlainSetting(t *testing.T) {
	t.Parallel()
	check := func(value string, want bool) {
		t.Helper()
		if got := plainSetting(value); got != want {
			t.Errorf("plainSetting(%q) = %v, want %v", value, got, want)
		}
	}
	check("127.0.0.1", true)
	check("smtp.acme.example", true)
	check("587", true)
	check("https://crm.acme.example:8443/api/v2", true)
	check("gavel@acme.example", true)
	check("starttls", true)
	check("https://user:password@crm.acme.example", false)
	check("0123456789abcdef0123456789abcdef", false)
	check("https://hooks.acme.example/T000/AbCdEfGhIjKlMnOpQrStUvWx", false)
}
