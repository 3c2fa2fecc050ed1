// Fills in the templates of ExternalSecrets as External Secrets does: Go's text/template with Sprig's functions, of which it
// keeps a copy. Reads `{"templates": {KEY: TEXT}, "values": {NAME: TEXT}}`, prints `{KEY: TEXT}`.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

func run() error {
	var given struct{ Templates, Values map[string]string }
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return err
	}
	filled := map[string]string{}
	for key, text := range given.Templates {
		parsed, err := template.New(key).Option("missingkey=error").Funcs(sprig.TxtFuncMap()).Parse(text)
		if err != nil {
			return err
		}
		var out strings.Builder
		if err := parsed.Execute(&out, given.Values); err != nil {
			return err
		}
		filled[key] = out.String()
	}
	return json.NewEncoder(os.Stdout).Encode(filled)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
