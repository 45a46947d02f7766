package authtoken

import "strings"

// optionRule is what jsonwebtoken asks of an option.
type optionRule struct {
	valid   func(any) bool
	message string
}

// ruleFor returns the rule of an option, and whether there is such an option.
func ruleFor(name string) (optionRule, bool) {
	switch name {
	case "expiresIn", "notBefore":
		return optionRule{isSpan, `"` + name + `" should be a number of seconds or string representing a timespan`}, true
	case "audience":
		return optionRule{isTextOrList, `"audience" must be a string or array`}, true
	case "algorithm":
		return optionRule{isAlgorithm, `"algorithm" must be a valid string enum value`}, true
	case "header":
		return optionRule{isObject, `"header" must be an object`}, true
	case "encoding", "issuer", "subject", "jwtid", "keyid":
		return optionRule{isText, `"` + name + `" must be a string`}, true
	case "noTimestamp", "mutatePayload", "allowInsecureKeySizes", "allowInvalidAsymmetricKeyTypes":
		return optionRule{isFlag, `"` + name + `" must be a boolean`}, true
	}
	return optionRule{}, false
}

// check returns what is wrong with the first bad option.
func (l options) check() error {
	for _, o := range l {
		rule, ok := ruleFor(o.key)
		if !ok {
			return signError(`"%s" is not allowed in "options"`, o.key)
		}
		if !rule.valid(o.value) {
			return signError("%s", rule.message)
		}
	}
	if encoding := strings.ToLower(l.text("encoding")); encoding != "" && encoding != "utf8" && encoding != "utf-8" {
		return signError("Unknown encoding: %s", encoding)
	}
	return nil
}

// isAlgorithm lets "none" through for the sake of the order of messages;
// encodeToken knows no such method.
func isAlgorithm(v any) bool {
	name, _ := v.(string)
	return methods[name] != nil || name == "none"
}

func isTextOrList(v any) bool {
	_, list := v.([]any)
	return list || isText(v)
}

func isObject(v any) bool {
	m, ok := v.(map[string]any)
	return ok && m != nil
}

func isText(v any) bool {
	_, ok := v.(string)
	return ok
}

func isFlag(v any) bool {
	_, ok := v.(bool)
	return ok
}
