package console

import (
	"pratu/flows/webhooks"
	"pratu/server/web"
)

func sampleWebhooks() web.Framed {
	in := webhooks.Settings{URL: "http://crm", Description: evil, Events: webhooks.Events()[:2]}
	page := &Webhooks{Page: samplePage("/admin/webhooks"), MayWrite: true, Form: webhookForm(in)}
	for i := range 2 {
		page.Webhooks = append(page.Webhooks, WebhookRow{
			Address: "https://crm.example.com/a-path-that-does-not-end-for-a-very-long-time/hook", URL: "/admin/webhooks/x", Description: evil, Events: webhooks.Events(), Disabled: i == 1,
		})
	}
	return page
}

func sampleWebhook() web.Framed {
	page := &Webhook{
		Page: samplePage("/admin/webhooks/x"), ID: "01a2161f-4b9f-79f8-aa77-7e4b7f57e260", Address: "https://crm.example.com/hook", Version: "1", CreatedAt: sampleTime,
		MayWrite: true, Events: webhooks.Events(), Form: webhookForm(webhooks.Settings{URL: "https://crm.example.com/hook", Events: webhooks.Events()[:3]}), OlderURL: "/admin/webhooks/x?before=1.x",
	}
	for i, state := range []webhooks.State{webhooks.Waiting, webhooks.Delivered, webhooks.GivenUp} {
		page.Deliveries = append(page.Deliveries, Delivery{
			ID: "01a2161f-7b6b-75f6-b47d-1655453d253b", Event: "account.created", State: string(state), Attempts: i, At: sampleTime, Again: i > 0,
		})
	}
	page.Deliveries[0].Error = evil
	return page
}
