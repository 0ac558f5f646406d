// SPDX-License-Identifier: Apache-2.0
//
// verify ROOT LEAF NAME: is the leaf good for that name, by Go's crypto/x509?
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func check() error {
	root, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		return err
	}
	block, _ := pem.Decode(text)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	_, err = leaf.Verify(x509.VerifyOptions{DNSName: os.Args[3], Roots: roots})
	return err
}

func main() {
	if err := check(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
