// Command verifier is what a user of go-oidc writes: a provider by discovery and a verifier for one audience.
//
// Arguments: issuer, audience. Judges each token that it reads, one a line.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
)

func main() {
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: os.Args[2]})
	fmt.Println("ready")
	for tokens := bufio.NewScanner(os.Stdin); tokens.Scan(); {
		if _, err := verifier.Verify(ctx, tokens.Text()); err != nil {
			fmt.Println("refused:", err)
		} else {
			fmt.Println("accepted")
		}
	}
}
