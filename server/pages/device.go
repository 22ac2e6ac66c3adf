package pages

import (
	"net/http"
	"net/url"

	"pratu/flows/authorize"
	"pratu/flows/issuer"
	"pratu/server/web"
)

// Device is GET /device: where the code that a device shows is typed. A code in the URL is typed already, and no more than
// that: somebody else may have sent the link (MI-13).
func (s *Server) Device(w http.ResponseWriter, r *http.Request) error {
	typed := r.URL.Query().Get("user_code")
	if code := authorize.UserCode(typed); code != "" {
		typed = code
	}
	return s.show(visit{w: w, r: r}, http.StatusOK, "device", &DeviceCode{UserCode: web.Inert(clip(typed))})
}

// DevicePost is POST /device: a code at first, then whether that device is one's own. From there on it is an authorization
// request like any other.
func (s *Server) DevicePost(w http.ResponseWriter, r *http.Request) error {
	v := visit{w: w, r: r}
	typed := r.PostForm.Get("user_code")
	if s.language(&v) && !r.PostForm.Has("found") {
		return s.show(v, http.StatusOK, "device", &DeviceCode{UserCode: web.Inert(clip(typed))})
	}
	d, err := s.Authorize.Device(r.Context(), typed, s.network(r))
	if err != nil {
		return s.refuse(v, "device", &DeviceCode{UserCode: web.Inert(clip(typed))}, err)
	}
	web.EventOf(r.Context()).Set("client_id", d.Client.ID)
	switch r.PostForm.Get("decision") {
	case "allow":
		parked, err := s.Authorize.ParkDevice(r.Context(), d, authorize.Visitor(s.Web.Visitor(w, r, "")), s.network(r))
		if err != nil {
			return err
		}
		if parked.Carried != "" {
			s.Web.Carry(w, r, parked.Handle, parked.Carried)
		}
		return s.Web.Continue(w, r, parked.Handle)
	case "deny":
		if err := s.Authorize.RefuseDevice(r.Context(), d); err != nil {
			return s.expired(err)
		}
		return s.Web.Redirect(w, issuer.PathDeviceDone, url.Values{"error": {authorize.ErrAccessDenied}})
	}
	page := &DeviceConfirm{UserCode: d.UserCode}
	page.Client = s.brand(v.r, d.Client, "")
	return s.show(v, http.StatusOK, "device-confirm", page)
}

// DeviceDone is GET /device/done: the device goes on by itself.
func (s *Server) DeviceDone(w http.ResponseWriter, r *http.Request) error {
	return s.show(visit{w: w, r: r}, http.StatusOK, "device-done", &DeviceDone{Refused: r.URL.Query().Has("error")})
}

// clip keeps what somebody sends us to show within reason.
func clip(s string) string { return s[:min(len(s), 32)] }
