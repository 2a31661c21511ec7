package security

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

func write(t testing.TB, file, content string) {
	t.Helper()
	next := file + ".next"
	if err := os.WriteFile(next, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, file); err != nil {
		t.Fatal(err)
	}
}

// TestBadSignaturesDoNotFillTheLog sends thousands of forged events: all are
// refused and counted, and the log stays short.
func TestBadSignaturesDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{})
	const forged = 3000
	body := testkit.Sample(t, event.TypeScheduled, "forged")
	for range forged {
		a, err := testkit.Post(t, p.Client, p.URL, "another secret", body)
		if err != nil || a.Code != http.StatusUnauthorized {
			t.Fatalf("%d, %v", a.Code, err)
		}
	}
	if lines := strings.Count(p.Log(), "request rejected"); lines == 0 || lines > 200 {
		t.Errorf("%d lines in the log about %d forged events", lines, forged)
	}
	if metrics := get(t, p.Client, p.Console+"/metrics"); !strings.Contains(metrics, fmt.Sprintf(`gavel_rejections_total{reason="signature"} %d`, forged)) {
		t.Error("the forged events are not counted")
	}
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "real"))
}

func get(t testing.TB, client *http.Client, url string) string {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReplayWindow refuses an event that was sent long ago.
func TestReplayWindow(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Args: []string{"--replay-window", "10m"}})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "now"))
	old := testkit.Sample(t, event.TypeScheduled, "old", "deliveryTimestamp", time.Now().Add(-11*time.Minute).UTC().Format(time.RFC3339))
	if a, err := p.Post(old); err != nil || a.Code != http.StatusUnauthorized {
		t.Errorf("an old event: %d, %v", a.Code, err)
	}
}

// TestFloodOfConnections holds as many connections open as one sender may. More
// are answered 429 while another sender's events come through.
func TestFloodOfConnections(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Args: []string{"--max-connections-per-source", "20"}})
	address := strings.TrimPrefix(p.URL, "http://")
	flood := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	answers := make(chan string, 25)
	for range cap(answers) {
		conn, err := flood.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		go func() {
			first := make([]byte, len("HTTP/1.1 429"))
			n, _ := io.ReadFull(conn, first) // the others are closed without a word
			answers <- string(first[:n])
		}()
	}
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "good"))
	told := 0
	for range cap(answers) {
		if <-answers == "HTTP/1.1 429" {
			told++
		}
	}
	if told != 5 {
		t.Errorf("%d connections above the limit were answered 429, want 5", told)
	}
}

// TestCertificateIsRenewed serves TLS and puts a new certificate in place.
func TestCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(newCertificate(t, certFile, keyFile, 1))
	p := testkit.Start(t, testkit.Serve{Args: []string{"--tls-cert", certFile, "--tls-key", keyFile}})
	serial := func() int64 {
		t.Helper()
		conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: "localhost"}}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if n := serial(); n != 1 {
		t.Errorf("the certificate has the serial number %d", n)
	}
	write(t, keyFile, "half written") // must change nothing
	pool.AppendCertsFromPEM(newCertificate(t, certFile, keyFile, 2))
	testkit.Eventually(t, "the new certificate is used", func() bool { return serial() == 2 })
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}}}
	t.Cleanup(client.CloseIdleConnections)
	body := testkit.Sample(t, event.TypeScheduled, "over-tls")
	if a, err := testkit.Post(t, client, strings.Replace(p.URL, "http", "https", 1), testkit.Secret, body); err != nil || a.Code != http.StatusOK {
		t.Errorf("over TLS: %d, %v", a.Code, err)
	}
	if a, err := testkit.Post(t, p.Client, p.URL, testkit.Secret, body); err == nil && a.Code == http.StatusOK {
		t.Error("an event was taken without TLS")
	}
}

func newCertificate(t *testing.T, certFile, keyFile string, serial int64) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: fmt.Sprint(serial)}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(t, certFile, string(cert))
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})))
	return cert
}

// TestSignatureDetect captures a request with unusual settings, asks for the
// flags, and starts Gavel with them.
func TestSignatureDetect(t *testing.T) {
	t.Parallel()
	body := testkit.Sample(t, event.TypeScheduled, "captured")
	request := "POST /hook HTTP/1.1\r\nHost: acme.example\r\nContent-Type: application/json\r\nX-Vendor-Mark: sha256=" + testkit.Sign(testkit.Secret, body) + "\r\n\r\n"
	file := filepath.Join(t.TempDir(), "captured.txt")
	write(t, file, request+string(body))
	found := testkit.Gavel(t, "signature", "detect", "--secret", testkit.Secret, "--request", file)
	if found.Code != 0 {
		t.Fatalf("exit %d: %s", found.Code, found.Stderr)
	}
	_, line, _ := strings.Cut(found.Stdout, "gavel serve ")
	flags := strings.Fields(line)
	p := testkit.Start(t, testkit.Serve{Args: flags})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+testkit.ReceiverPath, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Vendor-Mark", "sha256="+testkit.Sign(testkit.Secret, body))
	res, err := p.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("with the flags %q: %d", flags, res.StatusCode)
	}
	if wrong := testkit.Gavel(t, "signature", "detect", "--secret", "another", "--request", file); wrong.Code != 1 || strings.Contains(wrong.Stderr, testkit.Secret) {
		t.Errorf("with another secret: exit %d, %s", wrong.Code, wrong.Stderr)
	}
}
