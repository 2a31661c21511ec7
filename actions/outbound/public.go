package outbound

import "net/netip"

// isPublic reports whether an address is on the public internet. Of an IPv6
// address that embeds an IPv4 address, the IPv4 address is checked; obsolete
// forms are never public.
func isPublic(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range specialPrefixes() {
		if p.Contains(a) {
			return false
		}
	}
	if inner, ok := carried(a); ok {
		return isPublic(inner)
	}
	return true
}

// carried returns the IPv4 address inside a NAT64 or ISATAP address.
func carried(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return netip.Addr{}, false
	}
	b := a.As16()
	isatap := (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
	if !isatap && !netip.MustParsePrefix("64:ff9b::/96").Contains(a) {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(b[12:])), true
}

// specialPrefixes are ranges that are not public although netip does not call
// them private, and obsolete forms that embed an IPv4 address: compatible
// (::/96), translated (::ffff:0:0:0/96), Teredo, 6to4.
func specialPrefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4",
		"::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/63", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}
