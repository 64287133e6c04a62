package cms

import (
	"context"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"

	"github.com/smallstep/pkcs7"

	"docker-extension/internal/fault"
)

// maxMessage and maxDepth keep a broken message from costing more than a moment: the library's BER
// reader takes time that grows exponentially with nesting when inner lengths reach beyond outer
// ones. Real messages are some kilobytes, nested less than ten deep.
const (
	maxMessage = 1 << 20
	maxDepth   = 16
)

// Errors of the first look at a message.
var (
	errNotCMS = errors.New("is not a CMS message")
	errNotDER = errors.New("is not in DER")
	errPanic  = errors.New("the CMS library gave up")
)

// Decrypt opens a CMS EnvelopedData message in DER with the key of pair. It takes 3DES-CBC and
// AES-CBC content, and content keys that were encrypted with RSA PKCS#1 v1.5 or OAEP.
//
// The library does it in most cases. It knows no AES-192, no recipients named by their key's
// identifier, no message whose recipient carries another issuer and serial number than the
// certificate file, and no BER; such messages go to openssl, which may be nil. A message that the
// library understands and cannot open with this key does not.
func Decrypt(ctx context.Context, message []byte, pair Pair, openssl OpenSSL) ([]byte, error) {
	plain, err := decryptGo(message, pair)
	if err == nil {
		return plain, nil
	}
	if errors.Is(err, errNotCMS) {
		return nil, fault.New(fault.Decryption, placeMessage, "send the settings again",
			"cannot be decrypted: the content is not a CMS message")
	}
	if !beyondLibrary(err) {
		return nil, wrongKey(pair)
	}
	if openssl == nil {
		return nil, fault.New(fault.Decryption, placeMessage, hintResend, "cannot be decrypted: %w", err)
	}
	plain, opensslErr := openssl.DecryptCMS(ctx, message, pair.KeyPath)
	if opensslErr != nil {
		return nil, fault.New(fault.Decryption, placeMessage, hintResend,
			"cannot be decrypted with the key in %s: %w", pair.KeyPath, opensslErr)
	}
	return plain, nil
}

func wrongKey(pair Pair) error {
	return fault.New(fault.Decryption, placeMessage, hintResend,
		"cannot be decrypted: they were changed on their way, or encrypted for another key than the one in %s", pair.KeyPath)
}

// decryptGo opens a message with the library. A panic of the library, which slices beyond its
// input when the padding is bad, comes out as errPanic.
func decryptGo(message []byte, pair Pair) (plain []byte, err error) {
	defer func() {
		if recover() != nil {
			plain, err = nil, errPanic
		}
	}()
	if err := looksRight(message); err != nil {
		return nil, err
	}
	parsed, err := pkcs7.Parse(message)
	if err != nil {
		return nil, parseError{err}
	}
	return parsed.Decrypt(pair.Cert, pair.Key)
}

// parseError marks a message that is well-formed, but made of parts that the library does not know.
type parseError struct{ error }

// beyondLibrary tells whether an error means "cannot", and not "does not fit". The one message
// without a name of its own in the library is told by its text; a test pins it.
func beyondLibrary(err error) bool {
	var structure parseError
	return errors.As(err, &structure) ||
		errors.Is(err, errNotDER) ||
		errors.Is(err, pkcs7.ErrUnsupportedAlgorithm) ||
		errors.Is(err, pkcs7.ErrUnsupportedAsymmetricEncryptionAlgorithm) ||
		strings.Contains(err.Error(), "no enveloped recipient")
}

// looksRight lets only messages through that the library reads in a moment: a ContentInfo in DER
// all the way down. It gives errNotCMS for bytes that cannot be CMS at all and errNotDER for what
// may be BER.
func looksRight(message []byte) error {
	const sequence = 0x30
	if len(message) < 2 || len(message) > maxMessage || message[0] != sequence {
		return errNotCMS
	}
	rest, err := checkDER(message, 0)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotDER, err)
	}
	if len(rest) > 0 {
		return errNotCMS
	}
	var info struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}
	if _, err := asn1.Unmarshal(message, &info); err != nil {
		return errNotCMS
	}
	return nil
}

// checkDER reads one value with everything in it and gives what follows it.
func checkDER(data []byte, depth int) (rest []byte, err error) {
	if depth > maxDepth {
		return nil, errors.New("it is nested too deeply")
	}
	var value asn1.RawValue
	if rest, err = asn1.Unmarshal(data, &value); err != nil {
		return nil, err
	}
	if !value.IsCompound {
		return rest, nil
	}
	for inner := value.Bytes; len(inner) > 0; {
		if inner, err = checkDER(inner, depth+1); err != nil {
			return nil, err
		}
	}
	return rest, nil
}
