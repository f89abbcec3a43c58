// Sorts and filters the tables of class "sortable-rows", and gives what pytest-html writes the names
// and the order that a screen reader needs. Without it the page says the same.
(() => {
  const said = document.querySelector('main.shadow')
  const valueOf = (row, place) => row.cells[place].dataset.value ?? row.cells[place].textContent.trim()
  const compare = (one, other) => {
    const [a, b] = [parseFloat(one), parseFloat(other)]
    const numbers = !Number.isNaN(a) && !Number.isNaN(b)
    return numbers ? a - b : one.localeCompare(other, undefined, { numeric: true })
  }
  for (const table of document.querySelectorAll('table.sortable-rows')) {
    const body = table.tBodies[0]
    const headers = [...table.tHead.rows[0].cells]
    headers.forEach((header, place) => {
      const button = document.createElement('button')
      button.type = 'button'
      button.append(...header.childNodes)
      header.append(button)
      button.addEventListener('click', () => {
        const down = header.getAttribute('aria-sort') === 'ascending'
        headers.forEach((each) => each.removeAttribute('aria-sort'))
        header.setAttribute('aria-sort', down ? 'descending' : 'ascending')
        const rows = [...body.rows].filter((row) => valueOf(row, place) !== '')
        const empty = [...body.rows].filter((row) => valueOf(row, place) === '')
        rows.sort((one, other) => compare(valueOf(one, place), valueOf(other, place)))
        body.append(...(down ? rows.reverse() : rows), ...empty)
      })
    })
    const box = document.createElement('input')
    box.type = 'search'
    box.placeholder = said.dataset.filter
    box.setAttribute('aria-label', said.dataset.filter)
    box.className = 'filter-rows'
    box.addEventListener('input', () => {
      const wanted = box.value.trim().toLowerCase()
      for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted)
    })
    table.parentElement.before(box)
  }
  const reachable = () => {
    for (const each of document.querySelectorAll('.scroll, .drawing')) {
      if (each.scrollWidth > each.clientWidth) each.tabIndex = 0
      else each.removeAttribute('tabindex')
    }
  }
  document.documentElement.lang = said.lang
  document.addEventListener('DOMContentLoaded', () => {
    for (const each of document.querySelectorAll('input.filter')) {
      each.setAttribute('aria-label', said.dataset.show.replace('{what}', each.dataset.testResult))
    }
    for (const each of document.querySelectorAll('#environment ul > ul')) {
      const item = document.createElement('li')
      each.replaceWith(item)
      item.append(...(each.children.length ? [each] : [said.dataset.none]))
    }
    const written = document.querySelector('body > p').firstChild
    const [, date, time] = written.textContent.match(/on (.*) at (.*) by/)
    written.textContent = `${said.dataset.written.replace('{date}', date).replace('{time}', time)} `
    document.getElementById('show_all_details').textContent = said.dataset.showAll
    document.getElementById('hide_all_details').textContent = said.dataset.hideAll
    document.querySelector('#environment-header h2').textContent = said.dataset.environment
    reachable()
    window.addEventListener('resize', reachable)
  })
})()
