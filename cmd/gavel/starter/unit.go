package starter

import (
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
