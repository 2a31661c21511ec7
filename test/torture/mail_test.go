package torture

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/internal/standin"
)

// mails is a mail server that now and then answers the end of a mail long after
// the client has given up.
type mails struct{ *standin.SMTP }

func newMails(t *testing.T, seed uint64) mails {
	t.Helper()
	m := mails{standin.NewSMTP(standin.SMTPOptions{})}
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 5))
	m.On(func(standin.Mail) {
		mu.Lock()
		slow := random.IntN(20) == 0
		mu.Unlock()
		if slow {
			time.Sleep(1200 * time.Millisecond)
		}
	})
	if err := m.Start(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = m.Stop(ctx)
	})
	return m
}

// verify: no mail came twice, whatever was slow or killed.
func (m mails) verify(t *testing.T) {
	t.Helper()
	copies := map[string]int{}
	for _, mail := range m.Received() {
		copies[mail.MessageID]++
		if n := copies[mail.MessageID]; n == 2 {
			t.Errorf("mail %s (%s) came twice", mail.MessageID, mail.Subject)
		}
	}
	t.Logf("%d mails came, none twice", len(copies))
	if len(copies) == 0 {
		t.Error("no mail came at all")
	}
}
