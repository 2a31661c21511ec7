package deploy

import (
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
