package security

import (
	"fmt"
	"strings"
)

// hostileRules puts every field into every kind of destination. What may be
// refused (a path, a header, an address) has a rule for each field, so that
// one refusal does not hide another field.
func hostileRules() string {
	var b strings.Builder
	b.WriteString(`connections:
  slack: { token: "${{ env.SLACK_TOKEN }}", api_url: "${{ env.SLACK_URL }}" }
  email: { host: 127.0.0.1, port: "${{ env.SMTP_PORT }}", tls: none, from: "Acme <hi@acme.example>" }
rules:
`)
	rule := func(name, action string) {
		fmt.Fprintf(&b, "  - name: %s\n    event: scheduling.*\n    actions:\n      - %s\n", name, indent(action, 8))
	}
	rule("slack", "slack:\n  channel: \"#sales\"\n  text: |-\n"+indent("    "+marked("${{ %s }}"), 4)+"\n"+slackBlocks())
	rule("mail", "email:\n  to: ops@acme.example\n  headers: { X-Event: \"${{ event.eventId }}\" }\n"+
		"  subject: \""+each(" ", "${{ %s }}")+"\"\n  text: |-\n"+indent("    "+marked("${{ %s }}"), 4)+"\n  html: |\n    "+indent(hostileHTML(), 4))
	rule("log", "log:\n  message: '"+each(" ", "${{ %s }}")+"'\n  fields: { name: \"${{ meeting.meetingInfo.primaryInviteeName }}\" }")
	rule("query", call("/query?first=${{ "+fields()[0].expr+" }}")+"\n  query:"+members("    "))
	rule("json", call("/json")+"\n  method: POST\n  json:"+members("    ")+"\n    list: [\"${{ "+fields()[0].expr+" }}\", 1]\n    inside: \"a ${{ "+fields()[1].expr+" }} b\"")
	rule("form", call("/form")+"\n  method: POST\n  form:"+members("    "))
	for _, f := range fields() {
		rule("path-"+f.name, call("/path/"+f.name+"/${{ "+quoted(f.expr)+" }}/end"))
		rule("header-"+f.name, call("/header")+"\n  headers: { X-Event: \"${{ event.eventId }}\", X-Field: "+f.name+", X-Value: '${{ "+f.expr+" }}' }")
		rule("to-"+f.name, "email: { to: '${{ "+f.expr+" }}', subject: to, text: hello, headers: { X-Event: \"${{ event.eventId }}\" } }")
		rule("display-"+f.name, "email:\n  to: '${{ "+f.expr+" }} <guest@globex.example>'\n  from: '${{ "+f.expr+" }} via Acme <hi@acme.example>'\n"+
			"  subject: display\n  text: hello\n  headers: { X-Event: \"${{ event.eventId }}\" }")
	}
	email, place := fields()[1], fields()[3]
	rule("reply-email", "email: { to: ops@acme.example, reply_to: '${{ "+email.expr+" }}', subject: reply, text: hello, headers: { X-Event: \"${{ event.eventId }}\" } }")
	rule("link-place", "slack:\n  channel: \"#link\"\n  text: ${{ event.eventId }}\n"+
		"  blocks: [{ type: actions, elements: [{ type: button, text: { type: plain_text, text: Go }, url: '${{ "+place.expr+" }}' }] }]")
	return b.String()
}

func call(path string) string {
	headers := "\n  headers: { X-Event: \"${{ event.eventId }}\" }"
	if strings.HasPrefix(path, "/header") {
		headers = ""
	}
	return "http:\n  url: '${{ env.TARGET }}" + path + "'" + headers
}

// quoted makes an expression fit for a YAML text in single quotes.
func quoted(expr string) string { return strings.ReplaceAll(expr, "'", "''") }

func members(lead string) string {
	var b strings.Builder
	for _, f := range fields() {
		fmt.Fprintf(&b, "\n%s%s: '${{ %s }}'", lead, f.name, f.expr)
	}
	return b.String()
}

// each writes the template once for every field.
func each(between, template string) string {
	var all []string
	for _, f := range fields() {
		all = append(all, strings.ReplaceAll(fmt.Sprintf(template, f.expr), `"`, "`"))
	}
	return strings.Join(all, between)
}

// marked gives every field lines of its own below a line that names it.
func marked(template string) string {
	var b strings.Builder
	b.WriteString("§event§\n${{ event.eventId }}\n")
	for _, f := range fields() {
		fmt.Fprintf(&b, "§%s§\n"+template+"\n", f.name, f.expr)
	}
	return b.String() + "§end§"
}

// sections is the reverse of marked.
func sections(text string) map[string]string {
	out := map[string]string{}
	names := []string{"event"}
	for _, f := range fields() {
		names = append(names, f.name)
	}
	for i, name := range append(names[1:], "end") {
		_, rest, found := strings.Cut(text, "§"+names[i]+"§\n")
		value, after, closed := strings.Cut(rest, "\n§"+name+"§")
		if !found || !closed {
			return nil
		}
		out[names[i]], text = value, "§"+name+"§"+after
	}
	return out
}

func slackBlocks() string {
	var b strings.Builder
	b.WriteString("  blocks:\n")
	for _, f := range fields() {
		fmt.Fprintf(&b, `    - type: section
      text: { type: mrkdwn, text: '${{ %[1]s }}' }
      accessory: { type: image, image_url: 'https://acme.example/a/${{ %[1]s }}.png', alt_text: '${{ %[1]s }}' }
    - type: header
      text: { type: plain_text, text: '${{ %[1]s }}' }
    - type: actions
      elements: [{ type: button, text: { type: plain_text, text: '${{ %[1]s }}' }, url: 'https://acme.example/find?q=${{ %[1]s }}', value: '${{ %[1]s }}' }]
`, f.expr)
	}
	return b.String()
}

// hostileHTML has every context that a value can stand in.
func hostileHTML() string {
	var b strings.Builder
	b.WriteString("<html><head><title>${{ " + fields()[0].expr + " }}</title></head><body>\n")
	for _, f := range fields() {
		fmt.Fprintf(&b, `<div id="%[1]s"><p title="${{ %[2]s }}" class='${{ %[2]s }}' data-bare=${{ %[2]s }}>${{ %[2]s }}</p>
<a href="${{ %[2]s }}">whole</a> <a href="https://acme.example/find?q=${{ %[2]s }}#${{ %[2]s }}">part</a>
<img alt="${{ %[2]s }}" src="https://acme.example/${{ %[2]s }}.png"><textarea>${{ %[2]s }}</textarea>
<p style="color: ${{ %[2]s }}" onclick="show('${{ %[2]s }}')">x</p><script>var v = ${{ %[2]s }}; var w = "${{ %[2]s }}";</script>
<style>p { color: ${{ %[2]s }} }</style></div>
`, f.name, f.expr)
	}
	return b.String() + "</body></html>"
}

// indent moves every line but the first to the right.
func indent(s string, spaces int) string {
	return strings.ReplaceAll(s, "\n", "\n"+strings.Repeat(" ", spaces))
}
