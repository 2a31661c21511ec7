package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptCertificate writes a certificate and its key into one file.
func scriptCertificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: certificate FILE FROM UNTIL, both as durations from now")
	}
	from, err := time.ParseDuration(args[1])
	ts.Check(err)
	until, err := time.ParseDuration(args[2])
	ts.Check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(from), NotAfter: now.Add(until), DNSNames: []string{"hooks.acme.example"}}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	text := slices.Concat(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: public}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}
