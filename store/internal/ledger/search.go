package ledger

// Names of marks. Up to IndexedMark events are indexed. ForgetFirst and
// ForgetLast are the lowest and the highest number of the pruned events whose
// words are still in the index.
const (
	IndexedMark = "indexed"
	ForgetFirst = "forget first"
	ForgetLast  = "forget last"
)
