package starter

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/gavel-rules/gavel"
)

// unit is the unit of the packages, with the paths of this folder.
func (p *Plan) unit() []byte {
	_, unit, found := strings.Cut(gavel.SystemdUnit, "[Unit]\n")
	replace := func(old, changed string) {
		found = found && strings.Contains(unit, "\n"+old+"\n")
		unit = strings.Replace(unit, "\n"+old+"\n", "\n"+changed+"\n", 1)
	}
	replace("ExecStart=/usr/bin/gavel serve", "ExecStart="+p.Program+" serve")
	// The user of the packages may not exist; if it does, it is used.
	replace("User=gavel", "DynamicUser=yes\nUser=gavel")
	replace("Environment=GAVEL_RULES=/etc/gavel/rules", "Environment=GAVEL_RULES="+p.Dir+"/rules.yaml")
	replace("EnvironmentFile=-/etc/gavel/environment", "EnvironmentFile="+p.Dir+"/gavel.env")
	if !found {
		panic("the unit in deploy/systemd has changed: adapt unit") // a test of init fails first
	}
	return []byte("# Gavel as a service, with the files in " + p.Dir + ". Install it with:\n" +
		"#   sudo cp " + p.Dir + "/gavel.service /etc/systemd/system/ && sudo systemctl enable --now gavel\n" +
		"[Unit]\n" + unit)
}

// What the unit of the packages reads.
const (
	packagedRules       = "/etc/gavel/rules"
	packagedEnvironment = "/etc/gavel/environment"
)

// packagedUnit returns the path of the unit that a package has installed; empty
// without one. SYSTEMD_UNIT_PATH replaces the folders, as it does for systemd.
func packagedUnit() string {
	folders := []string{"/usr/lib/systemd/system", "/lib/systemd/system"}
	if other := os.Getenv("SYSTEMD_UNIT_PATH"); other != "" {
		folders = filepath.SplitList(other)
	}
	for _, folder := range folders {
		if folder == "" {
			continue
		}
		path := filepath.Join(folder, "gavel.service")
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// nextPackaged are the commands that bring the files to where the unit of the
// packages reads them.
func (p *Plan) nextPackaged() []string {
	var lines []string
	if p.Dir != packagedRules {
		lines = append(lines, "sudo cp rules.yaml rules_test.yaml rules.schema.json "+packagedRules+"/")
	}
	return append(lines,
		"sudo install --backup -m 640 -g gavel gavel.env "+packagedEnvironment+" && sudo rm gavel.env",
		"sudo systemctl enable --now gavel")
}
