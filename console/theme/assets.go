package theme

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/docs/site"
	"github.com/gavel-rules/gavel/report/sheet"
)

//go:embed assets templates
var embedded embed.FS

// Assets are the style sheet, the script and the icon. Their addresses contain
// the hash of all of them, so that browsers can cache them permanently.
type Assets struct {
	hash  string
	files map[string][]byte
}

// LoadAssets reads the embedded assets.
func LoadAssets() (*Assets, error) {
	a := &Assets{files: map[string][]byte{}}
	h := sha256.New()
	entries, err := fs.ReadDir(embedded, "assets")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		content, err := embedded.ReadFile(path.Join("assets", e.Name()))
		if err != nil {
			return nil, err
		}
		if e.Name() == "console.css" {
			plots, err := sheet.Style()
			if err != nil {
				return nil, err
			}
			articles, err := site.Style()
			if err != nil {
				return nil, err
			}
			content = slices.Concat(content, plots, articles)
		}
		a.files[e.Name()] = content
		h.Write(content)
	}
	script, err := site.Script()
	if err != nil {
		return nil, err
	}
	a.files["docs.js"] = script
	h.Write(script)
	a.hash = hex.EncodeToString(h.Sum(nil)[:6])
	return a, nil
}

// Content returns an asset; nil if there is none of this name.
func (a *Assets) Content(name string) []byte { return a.files[name] }

// url returns the address of an asset.
func (a *Assets) url(name string) string { return "/assets/" + a.hash + "/" + name }

// Serve sends the asset that the address names.
func (a *Assets) Serve(w http.ResponseWriter, r *http.Request) {
	content, ok := a.files[chi.URLParam(r, "name")]
	if !ok {
		answer.Problem(w, http.StatusNotFound, "there is no such asset")
		return
	}
	w.Header().Set("Content-Type", assetType(chi.URLParam(r, "name")))
	w.Header().Set("Cache-Control", "no-cache")
	if chi.URLParam(r, "hash") == a.hash {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(content) // the client may have gone
}

// assetType does not use the system's table of types, which differs between
// machines.
func assetType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}
