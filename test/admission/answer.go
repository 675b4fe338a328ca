package main

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Types of problems beside those of field.ErrorType.
const (
	badRequest     = "BadRequest"
	noKind         = "NoKindMatch"
	strictDecoding = "StrictDecoding"
)

// An answer is one line of output. No errors mean that the server would store the object.
type answer struct {
	Errors   []problem `json:"errors"`
	Warnings []string  `json:"warnings"`
	// Object is a custom resource after pruning and defaulting; absent where it could not be decoded. The defaults of
	// Kubernetes' own kinds are not at hand.
	Object any `json:"object,omitempty"`
}

// A problem in the server's words: Message is all of it, the rest its parts where it is about a field.
type problem struct {
	Type    string `json:"type"`
	Field   string `json:"field,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Message string `json:"message"`
	// Rule tells what a CEL rule says from what the schema says.
	Rule bool `json:"rule,omitempty"`
}

func newAnswer() answer {
	return answer{Errors: []problem{}, Warnings: []string{}}
}

func refused(kind string, err error) answer {
	result := newAnswer()
	result.Errors = append(result.Errors, problem{Type: kind, Message: err.Error()})
	return result
}

// addStrict reports what strict decoding found: fields that the server would drop without it, and duplicates.
func (a *answer) addStrict(errs []error) {
	for _, err := range errs {
		found := problem{
			Type:    strictDecoding,
			Detail:  err.Error(),
			Message: runtime.NewStrictDecodingError([]error{err}).Error(),
		}
		if at, ok := err.(interface{ FieldPath() string }); ok {
			found.Field = at.FieldPath()
		}
		a.Errors = append(a.Errors, found)
	}
}

// An unknownField is what pruning would drop, in the words of schemaCoercingDecoder.
type unknownField string

func (u unknownField) Error() string     { return `unknown field "` + string(u) + `"` }
func (u unknownField) FieldPath() string { return string(u) }

func (a *answer) addFieldErrors(errs field.ErrorList) {
	for _, err := range errs {
		a.Errors = append(a.Errors, fieldProblem(err))
	}
}

func (a *answer) addRuleErrors(errs field.ErrorList) {
	for _, err := range errs {
		found := fieldProblem(err)
		found.Rule = true
		a.Errors = append(a.Errors, found)
	}
}

func fieldProblem(err *field.Error) problem {
	return problem{Type: string(err.Type), Field: err.Field, Detail: err.Detail, Message: err.Error()}
}
