package web

import (
	"html/template"
	tree "text/template/parse"
)

// fold puts the answers of functions that always answer the same into parsed templates, where the call stood: most of a page
// is words that don't change, and looking each of them up takes longer than all the rest of it. What a function answers for a
// constant is escaped as text; html/template would do the same in elements and quoted attributes, and they stand nowhere else.
func fold(t *template.Template, constant map[string]func(string) (string, error)) {
	for _, one := range t.Templates() {
		if one.Tree != nil {
			folder(constant).list(one.Tree.Root)
		}
	}
}

type folder map[string]func(string) (string, error)

func (f folder) list(l *tree.ListNode) {
	if l == nil {
		return
	}
	for i, n := range l.Nodes {
		switch n := n.(type) {
		case *tree.ActionNode:
			if text, ok := f.answer(n.Pipe); ok {
				l.Nodes[i] = &tree.TextNode{NodeType: tree.NodeText, Pos: n.Pos, Text: []byte(template.HTMLEscapeString(text))}
			}
		case *tree.IfNode:
			f.branch(&n.BranchNode)
		case *tree.RangeNode:
			f.branch(&n.BranchNode)
		case *tree.WithNode:
			f.branch(&n.BranchNode)
		}
	}
}

func (f folder) branch(b *tree.BranchNode) {
	f.list(b.List)
	f.list(b.ElseList)
}

// answer is that of a call of one function with one string, and nothing behind it.
func (f folder) answer(p *tree.PipeNode) (text string, ok bool) {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 2 {
		return "", false
	}
	name, ok := p.Cmds[0].Args[0].(*tree.IdentifierNode)
	if !ok || f[name.Ident] == nil {
		return "", false
	}
	argument, ok := p.Cmds[0].Args[1].(*tree.StringNode)
	if !ok {
		return "", false
	}
	text, err := f[name.Ident](argument.Text)
	return text, err == nil // what fails does so when the page is made
}
