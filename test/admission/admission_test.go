package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

const crds = "testdata/crds"

func ask(t *testing.T, lines ...string) []answer {
	t.Helper()
	var out bytes.Buffer
	if err := run([]string{"-crds", crds, "-defaulted"}, strings.NewReader(strings.Join(lines, "\n")), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var answers []answer
	decoder := json.NewDecoder(&out)
	for decoder.More() {
		var next answer
		if err := decoder.Decode(&next); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, next)
	}
	if len(answers) != len(lines) {
		t.Fatalf("%d answers to %d lines", len(answers), len(lines))
	}
	return answers
}

func messages(a answer) []string {
	result := []string{}
	for _, err := range a.Errors {
		result = append(result, err.Message)
	}
	return result
}

func widget(spec string) string {
	return fmt.Sprintf(`{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":%s}`, spec)
}

func secret(fields string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},%s}`, fields)
}

func TestCreate(t *testing.T) {
	for _, test := range []struct {
		name, object string
		want         []string
	}{
		{"valid", widget(`{"size":1,"parts":[{"name":"a"},{"name":"b"}],"tags":["x","y"]}`), nil},
		{"pruned", widget(`{"size":1,"colour":"red"}`), []string{`strict decoding error: unknown field "spec.colour"`}},
		{"pruned metadata", `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","label":{}},"spec":{"size":1}}`, []string{`strict decoding error: unknown field "metadata.label"`}},
		{"duplicate field", widget(`{"size":1,"size":2}`), []string{`strict decoding error: duplicate field "spec.size"`}},
		{"maximum", widget(`{"size":101}`), []string{"spec.size: Invalid value: 101: spec.size in body should be less than or equal to 100"}},
		{"rule", widget(`{"size":13}`), []string{`spec: Invalid value: 13 is unlucky`}},
		{"list map", widget(`{"size":1,"parts":[{"name":"a"},{"name":"a"}]}`), []string{`spec.parts[1]: Duplicate value: {"name":"a"}`}},
		{"list set", widget(`{"size":1,"tags":["x","x"]}`), []string{`spec.tags[1]: Duplicate value: "x"`}},
		{"name", strings.Replace(widget(`{"size":1}`), `"w"`, `"w_"`, 1), []string{`metadata.name: Invalid value: "w_": a lowercase RFC 1123 subdomain`}},
		{"core", secret(`"stringData":{"a":"b"}`), nil},
		{"core unknown field", secret(`"strngData":{}`), []string{`strict decoding error: unknown field "strngData"`}},
		{"core type", secret(`"data":{"a":1}`), []string{`Secret in version "v1" cannot be handled as a Secret: json: cannot unmarshal number`}},
		{"core base64", secret(`"data":{"a":"not base64"}`), []string{`Secret in version "v1" cannot be handled as a Secret: illegal base64 data`}},
		{"pull secret", secret(`"type":"kubernetes.io/dockerconfigjson","stringData":{"a":"b"}`), []string{`data[.dockerconfigjson]: Required value`}},
		{"unknown kind", `{"apiVersion":"example.com/v1","kind":"Gadget"}`, []string{`no matches for kind "Gadget" in version "example.com/v1"`}},
		{"version that is not served", `{"apiVersion":"example.com/v1alpha1","kind":"Widget"}`, []string{`no matches for kind "Widget" in version "example.com/v1alpha1"`}},
		{"list", `{"apiVersion":"v1","kind":"SecretList","items":[]}`, []string{`no matches for kind "SecretList" in version "v1"`}},
		{"no kind", `{"apiVersion":"v1","Kind":"Secret"}`, []string{`the object has no kind`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			compare(t, ask(t, `{"object":`+test.object+`}`)[0], test.want)
		})
	}
}

func TestBlockedRules(t *testing.T) {
	got := ask(t, `{"object":`+widget(`{"size":"1"}`)+`}`)[0].Errors
	if len(got) != 2 || !strings.HasSuffix(got[1].Message, "correct the existing errors to complete validation") || got[1].Rule {
		t.Errorf("got %+v", got)
	}
}

func TestRuleIsMarked(t *testing.T) {
	got := ask(t, `{"object":`+widget(`{"size":13,"tags":["x","x"]}`)+`}`)[0].Errors
	if len(got) != 2 || got[0].Rule || !got[1].Rule {
		t.Errorf("got %+v", got)
	}
}

func TestUpdate(t *testing.T) {
	for _, test := range []struct {
		name, object, old string
		want              []string
	}{
		{"grows", widget(`{"size":2}`), widget(`{"size":1}`), nil},
		{"shrinks", widget(`{"size":1}`), widget(`{"size":2}`), []string{"spec.size: Invalid value: 1: may not shrink"}},
		{"was wrong before", widget(`{"size":101,"color":"green"}`), widget(`{"size":101}`), nil},
		{"renamed", strings.Replace(widget(`{"size":1}`), `"w"`, `"v"`, 1), widget(`{"size":1}`), []string{`metadata.name: Invalid value: "v": field is immutable`}},
		{"other kind", secret(`"data":{}`), widget(`{"size":1}`), []string{"old is a example.com/v1, Kind=Widget, object a /v1, Kind=Secret"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			compare(t, ask(t, `{"object":`+test.object+`,"old":`+test.old+`}`)[0], test.want)
		})
	}
}

// compare looks at the beginnings of messages, since some of them quote a regular expression.
func compare(t *testing.T, got answer, want []string) {
	t.Helper()
	found := messages(got)
	equal := func(message, start string) bool { return strings.HasPrefix(message, start) }
	if !slices.EqualFunc(found, want, equal) {
		t.Errorf("got %q, want %q", found, want)
	}
}

func TestDefaulted(t *testing.T) {
	object := ask(t, `{"object":`+widget(`{"size":1,"color":null}`)+`}`)[0].Object.(map[string]any)
	if color := object["spec"].(map[string]any)["color"]; color != "red" {
		t.Errorf("color %v, want red", color)
	}
}

func TestDeprecated(t *testing.T) {
	got := ask(t, `{"object":{"apiVersion":"example.com/v1beta1","kind":"Widget","metadata":{"name":"w"}}}`)[0]
	if !slices.Equal(got.Warnings, []string{"example.com/v1beta1 Widget is deprecated"}) {
		t.Errorf("warnings %q", got.Warnings)
	}
}

func TestClusterScoped(t *testing.T) {
	got := ask(t, `{"object":{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a","namespace":"b"}}}`)[0]
	if len(got.Errors) != 0 || len(got.Warnings) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestBadLines(t *testing.T) {
	for _, line := range []string{`{`, `[]`, ``, `{}`, `{"object":null}`, `{"object":{},"odl":{}}`, `{"object":{}} {}`} {
		// A good line after it shows that one bad line does not stop the rest.
		answers := ask(t, line, `{"object":`+widget(`{"size":1}`)+`}`)
		if got := answers[0].Errors; len(got) != 1 || got[0].Type != badRequest {
			t.Errorf("%q: got %+v", line, got)
		}
		if got := answers[1].Errors; len(got) != 0 {
			t.Errorf("after %q: got %+v", line, got)
		}
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{}, {"-crds", "testdata/none"}, {"-crds", "testdata"}, {"-crds", crds, "file.yaml"}} {
		if err := run(args, strings.NewReader(""), io.Discard, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
