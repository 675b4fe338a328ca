// Command admission says what an API server of Kubernetes 1.36 would say against manifests: it runs the server's own
// code for custom resources and strict decoding for the kinds of Kubernetes itself. See README.md.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "admission:", err)
		}
		os.Exit(2)
	}
}

func run(args []string, in io.Reader, out, usage io.Writer) error {
	flags := flag.NewFlagSet("admission", flag.ContinueOnError)
	flags.SetOutput(usage)
	crds := flags.String("crds", "", "folder of CustomResourceDefinitions, as YAML (required)")
	defaulted := flags.Bool("defaulted", false, "also answer with custom resources as the server would store them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: objects are read from stdin", flags.Arg(0))
	}
	if *crds == "" {
		return errors.New("-crds is missing: give the folder of the CRDs")
	}
	server, err := newServer(*crds)
	if err != nil {
		return err
	}
	return serve(server, in, out, *defaulted)
}

// serve answers each line of in with one line, so that the caller can match them by number.
func serve(server *server, in io.Reader, out io.Writer, defaulted bool) error {
	lines := bufio.NewReader(in)
	answers := bufio.NewWriter(out)
	encoder := json.NewEncoder(answers)
	encoder.SetEscapeHTML(false)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			answer := server.answer(line)
			if !defaulted {
				answer.Object = nil
			}
			if err := encoder.Encode(answer); err != nil {
				return err
			}
			// A caller that keeps the process waits for its answer.
			if err := answers.Flush(); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
