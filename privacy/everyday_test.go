package privacy

import "testing"

func TestEveryday(t *testing.T) {
	t.Parallel()
	check := func(value string, everyday, name bool) {
		t.Helper()
		if got := Everyday(value); got != everyday {
			t.Errorf("Everyday(%q) = %v, want %v", value, got, everyday)
		}
		if got := PlainName(value); got != name {
			t.Errorf("PlainName(%q) = %v, want %v", value, got, name)
		}
	}
	for _, v := range []string{
		"", "false", "TRUE", "off", "disabled", "12345", "4711471147114711", "-3.25", "1,000,000", "2026-01-31", "2026-01-31T09:30:00Z", "1h30m15s", "512MiB",
		"127.0.0.1", "[::1]:8443", "https://crm.acme.example:8443/api/v2", "Europe/Paris", "#sales-alerts", "abc",
	} {
		check(v, true, true)
	}
	for _, v := range []string{"smtp.acme.example", "smtp.acme.example:587", "sales-alerts", "Acme Sales", "gavel@acme.example", "correct-horse-battery", "swordfish"} {
		check(v, false, true)
	}
	for _, v := range []string{
		"hunter2-hunter2", "xoxb-123456789012-abcdefghijkl", "https://user:password@crm.acme.example", "0123456789abcdef0123456789abcdef", "kD8sLq2P",
		"https://hooks.acme.example/T000/AbCdEfGhIjKlMnOpQrStUvWx", "https://hooks.acme.example/a1b2c3d4e5", "https://crm.acme.example/?key=abcdef", "p@ss/w0rd!",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJnYXZlbCJ9.c2lnbmF0dXJlLWlzLWhlcmU", "3f9c1b7e-2d4a-4c8e-9a61-0b5d7e2f8a43",
	} {
		check(v, false, false)
	}
	for name, want := range map[string]bool{
		"CRM_TOKEN": true, "SMTP_PASSWORD": true, "crm_pin": true, "API_KEY": true,
		"SLACKTOKEN": true, "crmToken": true, "CRM_TOKEN2": true, "TOKEN_2": true, "crm-token": true, "CLIENTSECRETS": true,
		"MONKEY": false, "CRM_PAUSED": false, "SPINNER": false, "TOKENIZER_URL": false, "COMPASS": false,
	} {
		if got := NamesSecret(name); got != want {
			t.Errorf("NamesSecret(%q) = %v, want %v", name, got, want)
		}
	}
}
