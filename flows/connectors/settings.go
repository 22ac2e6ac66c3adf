package connectors

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Set changes one setting by its name: lists are separated by commas, claims are our=theirs, "" takes a setting away.
func (s *Settings) Set(key, value string) error {
	if list, ok := s.lists()[key]; ok {
		*list = split(value)
		return nil
	}
	if word, ok := s.words()[key]; ok {
		*word = value
		return nil
	}
	switch key {
	case "claims":
		s.Claims = nil
		for _, pair := range split(value) {
			ours, theirs, ok := strings.Cut(pair, "=")
			if !ok {
				return fmt.Errorf("claims: %q is not our=theirs", pair)
			}
			if s.Claims == nil {
				s.Claims = map[string]string{}
			}
			s.Claims[ours] = theirs
		}
		return nil
	case "no_sign_up":
		if !slices.Contains([]string{"", "true", "false"}, value) {
			return fmt.Errorf("no_sign_up: %q is neither true nor false", value)
		}
		s.NoSignUp = value == "true"
		return nil
	}
	return fmt.Errorf("%q is none of %s", key, strings.Join(Keys(), ", "))
}

// Get is a setting by its name, as Set reads it.
func (s *Settings) Get(key string) string {
	if list, ok := s.lists()[key]; ok {
		return strings.Join(*list, ",")
	}
	if word, ok := s.words()[key]; ok {
		return *word
	}
	var pairs []string
	if key == "claims" {
		for _, ours := range slices.Sorted(maps.Keys(s.Claims)) {
			pairs = append(pairs, ours+"="+s.Claims[ours])
		}
	}
	if key == "no_sign_up" && s.NoSignUp {
		return "true"
	}
	return strings.Join(pairs, ",")
}

// Keys are the names of all settings.
func Keys() []string {
	keys := []string{"claims", "no_sign_up"}
	s := &Settings{}
	for key := range s.lists() {
		keys = append(keys, key)
	}
	for key := range s.words() {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (s *Settings) lists() map[string]*[]string {
	return map[string]*[]string{
		"policies": &s.Policies, "tenants": &s.Tenants, "client_ids": &s.ClientIDs, "scopes": &s.Scopes, "clients": &s.Clients,
		"domains": &s.Domains, "trusted_domains": &s.TrustedDomains,
	}
}

func (s *Settings) words() map[string]*string {
	return map[string]*string{
		"issuer": &s.Issuer, "authority": &s.Authority, "team": &s.Team, "key": &s.Key, "provider": &s.Provider, "sync": &s.Sync,
	}
}

func split(value string) (list []string) {
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
