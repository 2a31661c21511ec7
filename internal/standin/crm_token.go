package standin

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const jwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// RevokeTokens makes all issued tokens invalid.
func (c *CRM) RevokeTokens() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.tokens)
}

// TokensIssued counts the tokens given so far.
func (c *CRM) TokensIssued() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.issued
}

func (c *CRM) admits(r *http.Request) bool {
	if c.options.ClientID == "" && c.options.PublicKey == nil {
		return true
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	c.mu.Lock()
	defer c.mu.Unlock()
	return ok && c.tokens[token]
}

func (c *CRM) giveToken(w http.ResponseWriter, r *http.Request) {
	if f, ok := c.script.pop(); ok {
		f.write(w, "application/json")
		return
	}
	switch grant := r.PostFormValue("grant_type"); {
	case grant == "client_credentials" && c.options.ClientID != "":
		if !c.knowsClient(r) {
			writeJSON(w, http.StatusUnauthorized, record{"error": "invalid_client", "error_description": "client id or secret is wrong"})
			return
		}
		writeJSON(w, http.StatusOK, record{"access_token": c.newToken(), "token_type": "Bearer", "expires_in": 3600})
	case grant == jwtBearerGrant && c.options.PublicKey != nil:
		if words := c.checkAssertion(r.PostFormValue("assertion")); words != "" {
			writeJSON(w, http.StatusBadRequest, record{"error": "invalid_grant", "error_description": words})
			return
		}
		// As Salesforce does: no expires_in, but the address to call.
		writeJSON(w, http.StatusOK, record{"access_token": c.newToken(), "token_type": "Bearer", "instance_url": c.URL()})
	default:
		writeJSON(w, http.StatusBadRequest, record{"error": "unsupported_grant_type"})
	}
}

func (c *CRM) knowsClient(r *http.Request) bool {
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	return subtle.ConstantTimeCompare([]byte(id+"\x00"+secret), []byte(c.options.ClientID+"\x00"+c.options.ClientSecret)) == 1
}

// longestAssertion is how far ahead an assertion may expire.
const longestAssertion = 3 * time.Minute

// checkAssertion returns the problem of an assertion; empty if it is valid.
func (c *CRM) checkAssertion(assertion string) string {
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(assertion, &claims,
		func(*jwt.Token) (any, error) { return c.options.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired())
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return "assertion has expired"
	case err != nil:
		return "invalid assertion"
	case claims.ExpiresAt.After(time.Now().Add(longestAssertion)):
		return "assertion lives for too long"
	case claims.Issuer == "" || len(claims.Audience) == 0:
		return "issuer and audience are needed"
	}
	return ""
}

func (c *CRM) newToken() string {
	token := rand.Text()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens[token] = true
	c.issued++
	return token
}
