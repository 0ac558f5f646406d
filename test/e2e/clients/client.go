// SPDX-License-Identifier: Apache-2.0
//
// client URL: a GET and a POST with Go's net/http; key from $KEY_ONE.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func ask(method, url, body string) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err == nil {
		request.Header.Set("Authorization", "Bearer "+os.Getenv("KEY_ONE"))
		var answer *http.Response
		if answer, err = http.DefaultClient.Do(request); err == nil {
			text, _ := io.ReadAll(answer.Body)
			fmt.Println(answer.StatusCode, string(text))
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	ask("GET", os.Args[1]+"/get?a=1&b=%20", "")
	ask("POST", os.Args[1]+"/post", `{"question":"ping"}`)
}
