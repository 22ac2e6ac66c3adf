package cli

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"

	"pratu/flows/clients"
	"pratu/flows/outbound"
)

// network reads CIDR, or one address.
func network(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

func (c *Config) checkProxies(ps *problems) {
	for _, text := range c.TrustedProxies {
		p, err := network(text)
		switch {
		case err != nil:
			ps.add("trusted_proxies: %q is no address range: write it like 10.0.0.0/8", text)
		case p.Bits() == 0:
			ps.add("trusted_proxies: %s trusts everybody's X-Forwarded-For: name your proxies only", text)
		default:
			c.proxies = append(c.proxies, p.Masked())
		}
	}
}

// checkOutbound takes nothing for another network than was meant.
func (c *Config) checkOutbound(ps *problems) {
	for _, text := range c.OutboundNetworks {
		p, err := network(text)
		switch {
		case err != nil:
			ps.add("outbound_networks: %q is no address range: write it like 10.0.0.0/8", text)
		case p.Addr().Is4In6():
			ps.add("outbound_networks: %s is IPv4 in IPv6: write the IPv4 network", text)
		case p != p.Masked():
			ps.add("outbound_networks: %s names an address and the size of a network: write %s, or the address alone", text, p.Masked())
		case p.Bits() == 0:
			ps.add("outbound_networks: %s opens everything behind your firewall: name the networks of your applications only", text)
		default:
			c.outgoing = append(c.outgoing, p)
		}
	}
}

// outbound is a client for addresses that somebody else chose.
func (c *Config) outbound(o outbound.Options) *outbound.Client {
	o.Development, o.Networks = c.local(), c.outgoing
	return outbound.New(o)
}

// delicate are networks in which machines answer that trust whoever reaches them: this one's own services, and the metadata
// of clouds, with their credentials.
var delicate = []struct {
	network netip.Prefix
	what    string
}{
	{netip.MustParsePrefix("127.0.0.0/8"), "this machine"}, {netip.MustParsePrefix("::1/128"), "this machine"}, {netip.MustParsePrefix("0.0.0.0/8"), "this machine"},
	{netip.MustParsePrefix("169.254.0.0/16"), "the metadata service of clouds"}, {netip.MustParsePrefix("fe80::/10"), "link-local machines"},
	{netip.MustParsePrefix("fd00:ec2::/32"), "the metadata service of clouds"}, {netip.MustParsePrefix("100.100.100.200/32"), "the metadata service of clouds"},
}

// delicateNetworks says what of outbound_networks is seldom meant.
func (c *Config) delicateNetworks() (list []string) {
	for _, p := range c.outgoing {
		for _, d := range delicate {
			if what := fmt.Sprintf("%s holds %s", p, d.what); p.Overlaps(d.network) && !slices.Contains(list, what) {
				list = append(list, what)
			}
		}
	}
	if strangers := c.Registration != clients.GuardOff || c.ClientIDMetadata; strangers && len(c.outgoing) > 0 {
		list = append(list, "applications that register themselves choose what is called there")
	}
	return list
}

// warnNetworks tells of them at start.
func warnNetworks(log *slog.Logger, c *Config) {
	if list := c.delicateNetworks(); len(list) > 0 {
		log.Warn("outbound_networks lets calls to addresses of others reach what is seldom meant: "+strings.Join(list, "; "), "event", "server.outbound_networks")
	}
}

func doctorNetworks(c *Config, fs *findings) {
	list := c.delicateNetworks()
	switch {
	case len(c.outgoing) == 0:
		fs.ok("outbound networks", "only public addresses are called")
	case len(list) > 0:
		fs.warn("outbound networks", "%s: narrow PRATU_OUTBOUND_NETWORKS", strings.Join(list, "; "))
	default:
		fs.ok("outbound networks", "public addresses are called, and %s", strings.Join(c.OutboundNetworks, ", "))
	}
}
