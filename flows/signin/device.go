package signin

import "strings"

// Families of browsers and systems by what their User-Agent holds; the first match counts, since they all claim to be
// each other.
var (
	browsers = [][2]string{
		{"Line/", "LINE"}, {"FBAN", "Facebook"}, {"FBAV", "Facebook"}, {"SamsungBrowser/", "Samsung Internet"}, {"Edg", "Edge"},
		{"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chromium/", "Chromium"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	}
	systems = [][2]string{
		{"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"},
	}
)

// Agent is the browser and the system that a User-Agent names, "" where it names none that we know.
func Agent(userAgent string) (browser, system string) {
	first := func(table [][2]string) string {
		for _, row := range table {
			if strings.Contains(userAgent, row[0]) {
				return row[1]
			}
		}
		return ""
	}
	return first(browsers), first(systems)
}

// Device is Agent in one line: "Firefox · Android", or "".
func Device(userAgent string) string {
	browser, system := Agent(userAgent)
	return strings.Trim(browser+" · "+system, " ·")
}
